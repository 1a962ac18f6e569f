"""The customers' doors."""

from django.urls import path

from loyalty.access import FORM, MARKETING, OWNER_ONLY, READ, WRITE, Access

from . import views

app_name = "customers"
urlpatterns = [
    path("", views.customer_list, name="customer_list"),
    path("filter/", views.customer_filter, name="customer_filter"),
    path("export/", views.customer_export, name="customer_export"),
    path("tag/", views.customer_tag, name="customer_tag"),
    path("new/", views.customer_add, name="customer_add"),
    path("products/", views.product_list, name="product_list"),
    path("goods/", views.goods_list, name="goods_list"),
    path("goods/<int:pk>/", views.product_edit, name="product_edit"),
    path("goods/categories/", views.category_list, name="category_list"),
    path("goods/categories/<int:pk>/", views.category_edit, name="category_edit"),
    path("<int:pk>/", views.customer_detail, name="customer_detail"),
    path("<int:pk>/edit/", views.customer_edit, name="customer_edit"),
    path("<int:pk>/history/", views.customer_history, name="customer_history"),
    path("<int:pk>/consent/", views.consent_add, name="consent_add"),
    path("<int:pk>/interactions/", views.interaction_add, name="interaction_add"),
    path("<int:pk>/orders/", views.order_list, name="order_list"),
    path("<int:pk>/orders/new/", views.order_add, name="order_add"),
    path("orders/<int:pk>/refund/", views.refund_add, name="refund_add"),
    path("orders/<int:pk>/cancel/", views.order_cancel, name="order_cancel"),
    path("orders/<int:pk>/restore/", views.order_restore, name="order_restore"),
    path("refunds/<int:pk>/cancel/", views.refund_cancel, name="refund_cancel"),
]

ACCESS = {
    "customer_list": Access(MARKETING, READ),
    "customer_filter": Access(MARKETING, READ),
    "customer_export": Access(OWNER_ONLY, WRITE),
    "customer_tag": Access(MARKETING, WRITE),
    "customer_add": Access(MARKETING, FORM),
    "product_list": Access(MARKETING, READ),
    "goods_list": Access(MARKETING, READ),
    "product_edit": Access(OWNER_ONLY, FORM),
    "category_list": Access(MARKETING, READ),
    "category_edit": Access(OWNER_ONLY, FORM),
    "customer_detail": Access(MARKETING, READ),
    "customer_edit": Access(MARKETING, FORM),
    "customer_history": Access(MARKETING, READ),
    "consent_add": Access(MARKETING, WRITE),
    "interaction_add": Access(MARKETING, WRITE),
    "order_list": Access(MARKETING, READ),
    "order_add": Access(MARKETING, FORM),
    "refund_add": Access(MARKETING, FORM),
    "order_cancel": Access(MARKETING, WRITE),
    "order_restore": Access(MARKETING, WRITE),
    "refund_cancel": Access(MARKETING, WRITE),
}
