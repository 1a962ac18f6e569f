"""What shops call their columns, in Persian and English.

Written as people write them; `columns.py` folds them before comparing. Within a field the
earlier name is the better one: when several columns could be the field, the one named earlier is taken first.
"""

from __future__ import annotations

# What a column can be. People first, then the order, then the line.
PERSON_FIELDS = (
    "phone", "external_id", "card_number", "name", "first_name", "last_name", "email", "city", "province",
    "neighbourhood", "birth_on", "gender", "marital_status", "wedding_on", "job", "education", "income_band",
    "joined_on", "acquired_by", "tags", "attribute", "consent",
)  # fmt: skip
ORDER_FIELDS = (
    "order_id", "date", "time", "status", "branch", "channel", "note", "refund_of", "refund_amount",
    "order_amount", "order_discount_amount", "order_tax",
)  # fmt: skip
ROW_FIELDS = (
    "amount", "gross", "discount_amount", "discount_rate", "tax", "net", "cost", "profit", "quantity",
    "unit_price", "sku", "product", "category",
)  # fmt: skip
FIELDS = PERSON_FIELDS + ORDER_FIELDS + ROW_FIELDS
MONEY_FIELDS = frozenset(
    {
        "amount", "gross", "discount_amount", "tax", "net", "cost", "profit", "unit_price", "refund_amount",
        "order_amount", "order_discount_amount", "order_tax",
    }
)  # fmt: skip
# Several columns may hold these; the first that is filled counts.
COALESCED = frozenset({"phone", "email", "name", "city", "province", "date"})

# What has been paid of a purchase may be a part of it; only beside a discount is it the whole after it.
PAID_NAMES = (
    "مبلغ پرداختی", "پرداختی", "مبلغ پرداخت شده", "مبلغ دریافتی", "amount paid", "total paid", "paid", "payment",
    "total collected",
)  # fmt: skip
NAMES: dict[str, tuple[str, ...]] = {
    "phone": (
        "موبایل", "شماره موبایل", "تلفن همراه", "شماره همراه", "شماره تلفن همراه", "همراه", "شماره تماس",
        "تلفن تماس", "تلفن", "شماره تلفن", "موبایل مشتری", "شماره موبایل مشتری", "تلفن مشتری",
        "شماره مشتری تماس", "mobile", "mobile number", "mobile phone", "cell", "cell phone", "cellphone",
        "phone", "phone number", "customer phone", "customer mobile", "billing phone", "phone billing",
        "billing_phone", "tel", "telephone", "contact number", "telephone number", "phone no",
        "mobile no", "cell no", "cell number", "whatsapp", "msisdn", "shipping phone",
        "phone shipping", "default address phone",
    ),
    "external_id": (
        "کد مشتری", "شماره مشتری", "شناسه مشتری", "شناسه کاربر", "کد کاربر", "کد اشتراک", "شماره اشتراک",
        "آی دی مشتری", "شماره عضویت", "کد عضویت", "customer id", "customerid", "customer_id",
        "customer no", "customer number", "customer code", "customer reference id", "client id",
        "member id", "membership number", "user id", "userid", "customer user id", "buyer id",
        "account id",
    ),
    "card_number": (
        "شماره کارت باشگاه", "کارت باشگاه", "کد کارت باشگاه", "شماره کارت عضویت", "کارت عضویت",
        "شماره کارت مشتری", "loyalty card", "loyalty card number", "club card", "member card",
        "membership card", "card number customer",
    ),
    "name": (
        "نام و نام خانوادگی", "نام مشتری", "نام کامل", "نام خریدار", "مشتری", "خریدار", "نام کاربر",
        "نام طرف حساب", "طرف حساب", "نام خانوادگی و نام", "نام شخص", "customer name", "customer",
        "full name", "fullname", "client name", "client", "buyer", "buyer name", "billing name",
        "partner name", "shipping name", "contact name", "bill to",
    ),
    "first_name": (
        "نام", "نام کوچک", "اسم", "first name", "firstname", "given name", "first name billing",
        "billing first name", "first_name", "first name shipping", "name",
    ),
    "last_name": (
        "نام خانوادگی", "فامیل", "فامیلی", "نام فامیل", "last name", "lastname", "surname", "family name",
        "last name billing", "billing last name", "last_name", "last name shipping",
    ),
    "email": (
        "ایمیل", "پست الکترونیک", "پست الکترونیکی", "رایانامه", "ایمیل مشتری", "email", "e mail",
        "email address", "customer email", "email billing", "billing email",
    ),
    "city": (
        "شهر", "شهرستان", "نام شهر", "شهر مشتری", "city", "town", "city billing", "billing city",
        "shipping city", "city shipping",
    ),
    "province": (
        "استان", "نام استان", "province", "state", "region", "billing province", "billing state",
        "state code billing", "shipping province", "state code shipping", "county",
    ),
    "neighbourhood": (
        "محله", "نام محله", "محل سکونت", "منطقه", "neighbourhood", "neighborhood", "district", "area", "quarter",
    ),
    "marital_status": (
        "وضعیت تاهل", "تاهل", "marital status", "married",
    ),
    "wedding_on": (
        "تاریخ ازدواج", "سالگرد ازدواج", "wedding date", "date of marriage", "wedding anniversary", "anniversary",
    ),
    "job": (
        "شغل", "حرفه", "عنوان شغلی", "job", "occupation", "profession", "job title",
    ),
    "education": (
        "تحصیلات", "مدرک تحصیلی", "میزان تحصیلات", "سطح تحصیلات", "education", "education level", "degree",
    ),
    "income_band": (
        "سطح درآمد", "میزان درآمد", "گروه درآمدی", "درآمد", "income band", "income level", "income group", "income",
    ),
    "joined_on": (
        "تاریخ عضویت", "تاریخ ثبت نام", "عضو از", "joined on", "joined", "join date", "date joined", "member since",
        "customer since", "registration date", "registered on", "signup date",
    ),
    "acquired_by": (
        "نحوه آشنایی", "روش آشنایی", "طریقه آشنایی", "آشنایی از طریق", "معرف", "نحوه جذب", "how they found us",
        "acquired by", "acquisition channel", "acquisition source", "referral source", "heard from", "referred by",
    ),
    # No name is a custom attribute by itself: which columns are, the shop says.
    "attribute": (),
    "birth_on": (
        "تاریخ تولد", "تولد", "birth", "birth date", "birthdate", "date of birth", "birthday", "dob",
    ),
    "gender": (
        "جنسیت", "gender", "sex",
    ),
    "tags": (
        "برچسب", "برچسبها", "برچسب ها", "تگ", "گروه مشتری", "customer tags", "customer group", "tags",
    ),
    "consent": (
        "رضایت پیامک", "اجازه پیامک", "عضویت پیامک", "دریافت پیامک", "رضایت", "sms consent",
        "accepts sms marketing", "marketing consent", "consent", "opt in", "sms opt in",
    ),
    "order_id": (
        "شماره سفارش", "شماره فاکتور", "شناسه سفارش", "کد سفارش", "شماره صورتحساب", "کد فاکتور",
        "شناسه فاکتور", "شماره خرید", "شماره رسید", "سفارش", "فاکتور", "کد رهگیری سفارش", "order number",
        "order id", "orderid", "order no", "order_id", "order", "invoice no", "invoiceno",
        "invoice number", "invoice id", "invoice", "receipt number", "receipt no", "receipt",
        "transaction id", "transaction number", "bill no", "order ref", "order reference", "sale id",
        "pos reference", "bill number", "ticket number", "ticket no", "شماره",
    ),
    "date": (
        "تاریخ خرید", "تاریخ سفارش", "تاریخ فاکتور", "تاریخ صدور", "تاریخ ثبت", "تاریخ فروش", "زمان سفارش",
        "تاریخ پرداخت", "تاریخ", "تاریخ و ساعت", "زمان خرید", "order date", "orderdate", "date order",
        "order_date", "invoice date", "invoicedate", "purchase date", "purchased at", "created at",
        "created_at", "placed at", "date created", "order created", "paid at", "transaction date",
        "sale date", "date of purchase", "date of sale", "date of order", "datetime", "date time", "timestamp", "date",
        "تاریخ شمسی", "تاریخ میلادی", "تاریخ (شمسی)", "created", "created on", "day",
    ),
    "time": (
        "ساعت", "زمان", "ساعت خرید", "ساعت سفارش", "ساعت فاکتور", "time", "order time", "sale time",
    ),
    "status": (
        "وضعیت سفارش", "وضعیت", "وضعیت فاکتور", "وضعیت پرداخت", "نوع فاکتور", "نوع سند", "order status",
        "status", "financial status", "payment status", "event type", "state of order", "transaction type",
    ),
    "branch": (
        "شعبه", "نام شعبه", "فروشگاه", "نام فروشگاه", "انبار", "branch", "store", "location", "shop",
        "outlet", "store name", "warehouse",
    ),
    "channel": (
        "کانال", "کانال فروش", "روش فروش", "نوع فروش", "منبع سفارش", "channel", "sales channel", "source",
        "source name", "order source",
    ),
    "note": (
        "توضیحات", "یادداشت", "شرح", "ملاحظات", "note", "notes", "comment", "comments", "customer note",
        "remarks",
    ),
    "refund_of": (
        "شماره فاکتور اصلی", "فاکتور مرجع", "شماره سفارش اصلی", "برگشت از فاکتور", "original order",
        "original invoice", "refund of", "return of", "parent order", "original order id",
        "original invoice no",
    ),
    "refund_amount": (
        "مبلغ مرجوعی", "مبلغ برگشتی", "مبلغ عودت", "مبلغ بازگشتی", "refunded amount", "refund amount",
        "amount refunded", "partial refunds", "order line total refunded", "total refunded",
        "refund total",
    ),
    "order_amount": (
        "مبلغ کل فاکتور", "جمع کل فاکتور", "مبلغ کل سفارش", "جمع فاکتور", "order total", "order amount",
        "invoice total", "order_total",
    ),
    "order_discount_amount": (
        "تخفیف فاکتور", "تخفیف سفارش", "تخفیف کل فاکتور", "order discount", "cart discount",
        "cart discount amount", "invoice discount",
    ),
    "order_tax": (
        "مالیات فاکتور", "مالیات سفارش", "order tax", "order total tax", "invoice tax",
    ),
    # What was finally paid comes before a total, and a total before a bare amount: of "Amount, Discount, Total"
    # the first is from before the discount.
    "amount": (
        "مبلغ قابل پرداخت", "قابل پرداخت", "مبلغ نهایی", "قیمت نهایی", "جمع قابل پرداخت", "grand total",
        "total payable", "amount payable", "payable", "final amount", "final total", "final price", *PAID_NAMES,
        "مبلغ کل", "جمع کل", "قیمت کل", "total", "total amount", "total price", "price total", "مبلغ", "مبلغ خرید",
        "جمع خرید", "مبلغ سفارش", "مبلغ فاکتور", "جمع", "مجموع", "مجموع خرید", "جمع مبلغ", "قیمت", "فروش",
        "مبلغ فروش", "order line total refund", "amount", "revenue", "sales", "sale amount", "order line total",
        "line total", "lineitem total", "value", "spend", "turnover", "total sales",
    ),
    "gross": (
        "مبلغ ناخالص", "ناخالص", "جمع قبل از تخفیف", "مبلغ قبل از تخفیف", "قبل از تخفیف",
        "مبلغ بدون تخفیف", "gross", "gross amount", "gross sales", "before discount", "list total",
    ),
    "discount_amount": (
        "تخفیف", "مبلغ تخفیف", "میزان تخفیف", "جمع تخفیف", "discount", "discounts", "discount amount",
        "discount total", "total discount", "lineitem discount", "coupon amount",
    ),
    "discount_rate": (
        "درصد تخفیف", "نرخ تخفیف", "تخفیف درصد", "تخفیف درصدی", "discount rate", "discount percent",
        "discount %", "discount percentage", "% discount", "disc %", "order line discount",
    ),
    "tax": (
        "مالیات", "مبلغ مالیات", "ارزش افزوده", "مالیات ارزش افزوده", "مالیات بر ارزش افزوده",
        "عوارض و مالیات", "tax", "taxes", "vat", "tax amount", "vat amount", "total tax",
        "order line tax", "gst",
        "sales tax",
    ),
    "net": (
        "مبلغ خالص", "خالص", "خالص فروش", "فروش خالص", "مبلغ پس از تخفیف", "مبلغ بعد از تخفیف",
        "بعد از تخفیف", "net", "net amount", "net sales", "net sale", "net total", "after discount",
        "order line w o tax", "subtotal",
    ),
    "cost": (
        "بهای تمام شده", "هزینه", "قیمت تمام شده", "بهای کالا", "قیمت خرید", "مبلغ خرید کالا", "cost",
        "cogs", "cost of goods", "total cost", "cost amount", "cost price", "cost of goods sold",
    ),
    "profit": (
        "سود", "سود خالص", "مبلغ سود", "سود ناخالص", "حاشیه سود مبلغ", "profit", "gross profit",
        "margin amount", "net profit",
    ),
    "quantity": (
        "تعداد", "مقدار", "تعداد کالا", "تعداد محصول", "تعداد اقلام", "quantity", "qty", "units", "units sold", "count",
        "pieces", "lineitem quantity", "order line product uom qty", "item quantity",
    ),
    "unit_price": (
        "قیمت واحد", "فی", "مبلغ واحد", "بهای واحد", "نرخ", "unit price", "unitprice", "unit_price",
        "item price", "item cost", "lineitem price", "price each", "price per unit",
        "order line price unit", "price",
    ),
    "sku": (
        "کد کالا", "کد محصول", "شناسه کالا", "شناسه محصول", "بارکد", "کد", "sku", "stock code",
        "stockcode", "product code", "product id", "item code", "item id", "barcode", "product sku",
        "lineitem sku", "article",
    ),
    "product": (
        "نام کالا", "نام محصول", "محصول", "کالا", "شرح کالا", "عنوان محصول", "عنوان کالا", "product",
        "product name", "item", "item name", "description", "lineitem name", "product title",
        "product description", "order line name",
    ),
    "category": (
        "دسته", "دسته بندی", "دستهبندی", "گروه کالا", "گروه محصول", "دسته کالا", "دسته محصول", "category",
        "product category", "department", "product type", "item category",
    ),
}  # fmt: skip

# Longer headers are recognised by a phrase they hold, when nothing above fits; the longest phrase decides.
PHRASES: dict[str, tuple[str, ...]] = {
    "phone": (
        "موبایل",
        "تلفن",
        "شماره تماس",
        "همراه",
        "mobile",
        "phone",
    ),
    "external_id": (
        "کد مشتری",
        "شناسه مشتری",
        "customer id",
    ),
    "name": (
        "نام مشتری",
        "نام و نام خانوادگی",
        "نام خریدار",
        "customer name",
        "full name",
    ),
    "email": (
        "ایمیل",
        "email",
    ),
    "order_id": (
        "شماره سفارش",
        "شماره فاکتور",
        "شناسه سفارش",
        "order number",
        "invoice number",
        "order id",
    ),
    "date": (
        "تاریخ خرید",
        "تاریخ سفارش",
        "تاریخ فاکتور",
        "تاریخ ثبت",
        "order date",
        "invoice date",
        "purchase date",
    ),
    "status": (
        "وضعیت سفارش",
        "order status",
    ),
    "amount": (
        "مبلغ",
        "total amount",
    ),
    "discount_amount": (
        "تخفیف",
        "discount amount",
    ),
    "unit_price": (
        "قیمت واحد",
        "unit price",
    ),
    "quantity": (
        "تعداد کالا",
        "quantity",
    ),
    "cost": (
        "بهای تمام شده",
        "cost of goods",
    ),
    "tax": ("مالیات",),
}
# … unless the header also holds one of these: it tells of something else that merely belongs to the field.
NOT_WITH = (
    "سررسید", "تحویل", "ارسال", "آخرین", "اولین", "تعداد سفارش", "تعداد خرید", "due", "delivery",
    "shipping", "last", "first", "توافقی", "پیش پرداخت", "مانده", "کد ملی", "ref",
)  # fmt: skip

# Units as they stand in a header's brackets or after its name: (currency, display unit).
UNITS: dict[str, tuple[str, str]] = {
    "تومان": ("IRR", "toman"), "تومن": ("IRR", "toman"), "toman": ("IRR", "toman"), "irt": ("IRR", "toman"),
    "ریال": ("IRR", "rial"), "rial": ("IRR", "rial"), "rials": ("IRR", "rial"), "irr": ("IRR", "rial"),
    "gbp": ("GBP", ""), "£": ("GBP", ""), "usd": ("USD", ""), "$": ("USD", ""), "eur": ("EUR", ""),
    "€": ("EUR", ""),
}  # fmt: skip
