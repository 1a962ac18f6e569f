from django.db import migrations

# The last of the ascending `days` that came more than `gap` days after the one before, of those after place `first`.
FUNCTION = """
CREATE FUNCTION last_after_gap(days date[], first int, gap float8) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    FOR place IN REVERSE cardinality(days) .. first + 1 LOOP
        IF days[place] - days[place - 1] > gap THEN
            RETURN days[place];
        END IF;
    END LOOP;
    RETURN NULL;
END $$"""


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0019_category_gap")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION last_after_gap(date[], int, float8)")]
