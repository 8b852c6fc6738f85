"""The tables of a region's books; the ledger is append-only by triggers, and an id is applied once by an index.

But for what `books.credit_payment_again` writes: the profile that does not deduplicate needs a ledger that shows it.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS tariff_plans (
    tariff_plan_id TEXT PRIMARY KEY, name TEXT NOT NULL, monthly_fee_minor INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    number TEXT PRIMARY KEY, payer_name TEXT NOT NULL, payer_address TEXT NOT NULL,
    billing_mode TEXT NOT NULL CHECK (billing_mode IN ('advance', 'credit')),
    tariff_plan_id TEXT NOT NULL REFERENCES tariff_plans, contract_code TEXT NOT NULL, bill_code TEXT NOT NULL,
    balance_minor INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS old_mandates (
    number TEXT PRIMARY KEY REFERENCES accounts, state TEXT NOT NULL CHECK (state IN ('active', 'ended')),
    since TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS services (
    service_id TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES accounts,
    kind TEXT NOT NULL CHECK (kind IN ('telephony', 'internet', 'tv')), name TEXT NOT NULL,
    suspended INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS services_by_account ON services (number);
CREATE TABLE IF NOT EXISTS ledger (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL REFERENCES accounts,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'charge')), external_id TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), description TEXT NOT NULL, channel TEXT NOT NULL,
    at TEXT NOT NULL, balance_after_minor INTEGER NOT NULL, service_restored_at TEXT);
DROP INDEX IF EXISTS ledger_once;
CREATE UNIQUE INDEX IF NOT EXISTS ledger_once_but_for_repeats ON ledger (kind, external_id)
    WHERE description <> 'Платёж, проведённый повторно';
CREATE INDEX IF NOT EXISTS ledger_by_id ON ledger (kind, external_id, entry_id);
CREATE INDEX IF NOT EXISTS ledger_by_time ON ledger (channel, at, entry_id);
CREATE INDEX IF NOT EXISTS ledger_by_account ON ledger (number, kind, entry_id);
CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE IF NOT EXISTS bills (
    number TEXT NOT NULL REFERENCES accounts, bill_number TEXT NOT NULL, revision INTEGER NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (number, bill_number, revision));
CREATE TABLE IF NOT EXISTS journal_name (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('balance', 'bill', 'owner_change', 'number_change')),
    content BLOB NOT NULL, turned INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS owner_changes (
    number TEXT NOT NULL REFERENCES accounts, changed_at TEXT NOT NULL, PRIMARY KEY (number, changed_at));
CREATE TABLE IF NOT EXISTS numbers (
    number TEXT PRIMARY KEY, book_number TEXT NOT NULL REFERENCES accounts, current INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS numbers_one_current ON numbers (book_number) WHERE current;
CREATE TABLE IF NOT EXISTS tariff_changes (
    change_id TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES accounts,
    tariff_plan_id TEXT NOT NULL REFERENCES tariff_plans, price_now_minor INTEGER NOT NULL, quote BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'done', 'canceled')), due_at TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS tariff_changes_one_pending ON tariff_changes (number) WHERE state = 'scheduled';
CREATE INDEX IF NOT EXISTS tariff_changes_due ON tariff_changes (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS service_orders (
    order_id TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES accounts, offer_code TEXT NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL, connection_price_minor INTEGER NOT NULL, monthly_fee_minor INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'in_progress', 'done', 'canceled', 'refused')),
    changed_at TEXT NOT NULL, refusal_reason TEXT NOT NULL DEFAULT '', due_at TEXT);
CREATE INDEX IF NOT EXISTS service_orders_by_account ON service_orders (number);
CREATE INDEX IF NOT EXISTS service_orders_due ON service_orders (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS promised_payments (
    promise_id TEXT PRIMARY KEY, number TEXT NOT NULL REFERENCES accounts, amount_minor INTEGER NOT NULL,
    fee_minor INTEGER NOT NULL, taken_at TEXT NOT NULL, due_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'repaid', 'overdue')));
CREATE UNIQUE INDEX IF NOT EXISTS promised_payments_one_unpaid ON promised_payments (number)
    WHERE state IN ('open', 'overdue');
CREATE INDEX IF NOT EXISTS promised_payments_by_account ON promised_payments (number, taken_at);
CREATE INDEX IF NOT EXISTS promised_payments_due ON promised_payments (due_at) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS contacts (
    number TEXT PRIMARY KEY REFERENCES accounts, email TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ownership_codes (
    code_id TEXT PRIMARY KEY, number TEXT NOT NULL, claimant TEXT NOT NULL, asked_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, spent INTEGER NOT NULL DEFAULT 0,
    to_send INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS ownership_codes_by_claimant ON ownership_codes (number, claimant, asked_at);
CREATE INDEX IF NOT EXISTS ownership_codes_by_age ON ownership_codes (asked_at);
CREATE TABLE IF NOT EXISTS profile (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    fault_id INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT, key TEXT, fault TEXT NOT NULL, remaining INTEGER NOT NULL);
"""
