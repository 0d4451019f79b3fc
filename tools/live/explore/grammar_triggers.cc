#include <array>

#include "tools/live/explore/grammar.h"

namespace cdcsim::explore {

namespace {

// The function's body goes between $$; the trigger's text follows CREATE TRIGGER name.
constexpr auto kTriggers = std::to_array<TriggerRow>({
    {"BEGIN NEW.modified_at := now(); RETURN NEW; END;", "BEFORE UPDATE ON {t} FOR EACH ROW", false, "modified_at timestamp"},
    {"BEGIN NEW.modified_by = current_user; RETURN NEW; END", "BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW", false, "modified_by text"},
    {"DECLARE d jsonb := '{}'::jsonb; BEGIN IF NEW.{c} IS DISTINCT FROM OLD.{c} THEN d := d || jsonb_build_object('{c}', "
     "jsonb_build_object('old', OLD.{c}, 'new', NEW.{c})); END IF; NEW.change_info := d; RETURN NEW; END;",
     "BEFORE UPDATE ON {t} FOR EACH ROW", false, "change_info jsonb"},
    {"BEGIN INSERT INTO audit (op, tab, old_row, new_row) VALUES (TG_OP, TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)); "
     "RETURN COALESCE(NEW, OLD); END;",
     "AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH ROW", true, ""},
    {"BEGIN IF TG_OP = 'DELETE' THEN INSERT INTO audit (op, tab, old_row) VALUES ('D', TG_TABLE_NAME, row_to_json(OLD)::jsonb); RETURN OLD; "
     "ELSIF TG_OP = 'UPDATE' THEN INSERT INTO audit (op, tab, old_row, new_row) VALUES ('U', TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)); RETURN NEW; "
     "ELSE INSERT INTO audit (op, tab, new_row) VALUES ('I', TG_TABLE_NAME, to_jsonb(NEW)); RETURN NEW; END IF; END;",
     "AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH ROW", true, ""},
    {"BEGIN IF NEW.{c} IS NULL THEN RAISE EXCEPTION 'no {c} in %', NEW USING ERRCODE = '23502', HINT = 'give one'; END IF; RETURN NEW; END;",
     "BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW", false, ""},
    {"BEGIN RAISE NOTICE '% % % on %: % -> %', TG_NAME, TG_WHEN, TG_OP, TG_TABLE_NAME, OLD.{c}, NEW.{c}; RETURN NEW; END;",
     "BEFORE UPDATE OF {c} ON {t} FOR EACH ROW", false, ""},
    {"BEGIN RAISE NOTICE 'changed: %', to_jsonb(NEW); RETURN NULL; END;",
     "AFTER UPDATE ON {t} FOR EACH ROW WHEN (OLD.{c}::text IS DISTINCT FROM NEW.{c}::text)", false, ""},
    {"BEGIN RAISE NOTICE '% %: %', TG_LEVEL, TG_OP, (SELECT count(*) FROM {t}); RETURN NULL; END;",
     "AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH STATEMENT", false, ""},
    {"BEGIN RETURN NULL; END;", "BEFORE DELETE ON {t} FOR EACH ROW WHEN (OLD.{c} IS NULL)", false, ""},
    {"BEGIN UPDATE audit SET op = op || '+' WHERE id = (SELECT max(id) FROM audit); IF NOT FOUND THEN INSERT INTO audit (op, tab) VALUES ('first', '{t}'); "
     "END IF; RETURN NULL; END;",
     "AFTER INSERT OR DELETE ON {t} FOR EACH ROW", true, ""},
    {"DECLARE k text; v jsonb; BEGIN FOR k, v IN SELECT key, value FROM jsonb_each(to_jsonb(NEW)) ORDER BY key LOOP IF v IS DISTINCT FROM to_jsonb(OLD) -> k THEN "
     "RAISE NOTICE '%: % -> %', k, to_jsonb(OLD) -> k, v; END IF; END LOOP; RETURN NEW; END;",
     "BEFORE UPDATE ON {t} FOR EACH ROW", false, ""},
    {"DECLARE v text; BEGIN EXECUTE format('SELECT ($1).%I::text', TG_ARGV[0]) INTO v USING NEW; RAISE NOTICE '% is %', TG_ARGV[0], v; RETURN NEW; END;",
     "BEFORE INSERT ON {t} FOR EACH ROW", false, "note text"},
    {"BEGIN BEGIN INSERT INTO audit (op, tab, new_row) VALUES (TG_OP, NULL, to_jsonb(NEW)); EXCEPTION WHEN not_null_violation THEN "
     "INSERT INTO audit (op, tab, new_row) VALUES ('caught', SQLERRM, jsonb_build_object('state', SQLSTATE)); END; RETURN NEW; END;",
     "AFTER INSERT ON {t} FOR EACH ROW", true, ""},
    {"BEGIN NEW.n := coalesce(OLD.n, 0) + 1; RETURN NEW; END;", "BEFORE UPDATE ON {t} FOR EACH ROW", false, "n int DEFAULT 0"},
    {"BEGIN INSERT INTO audit (op, tab, new_row) SELECT 'N', '{t}', to_jsonb(x) FROM new_rows x; RETURN NULL; END;",
     "AFTER INSERT ON {t} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT", true, ""},
    {"BEGIN RETURN NEWW; END;", "BEFORE INSERT ON {t} FOR EACH ROW", false, ""},
    {"BEGIN NEW.missing := 1; RETURN NEW; END;", "BEFORE UPDATE ON {t} FOR EACH ROW", false, ""},
});

}  // namespace

std::span<const TriggerRow> triggers() { return kTriggers; }

}  // namespace cdcsim::explore
