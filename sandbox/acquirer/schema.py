"""The tables of the acquirer's books; the ledger is append-only by triggers, a payment charged once by an index."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    payment_id TEXT PRIMARY KEY, created_at TEXT NOT NULL, captured_at TEXT, status TEXT NOT NULL,
    resolve_at REAL, expires_at TEXT, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payments_by_time ON payments (created_at, payment_id);
CREATE INDEX IF NOT EXISTS payments_by_capture ON payments (captured_at) WHERE captured_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payments_to_resolve ON payments (resolve_at) WHERE resolve_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payments_to_lapse ON payments (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS refunds (
    refund_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL REFERENCES payments, created_at TEXT NOT NULL,
    document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS refunds_by_time ON refunds (created_at, refund_id);
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment_id);
CREATE TABLE IF NOT EXISTS payment_methods (
    payment_method_id TEXT PRIMARY KEY, card TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bindings (
    payment_method_id TEXT PRIMARY KEY, status TEXT NOT NULL, expires_at TEXT NOT NULL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bindings_to_lapse ON bindings (expires_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS receipts (
    receipt_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL REFERENCES payments, refund_id TEXT, created_at TEXT NOT NULL,
    status TEXT NOT NULL, resolve_at REAL, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipts_by_payment ON receipts (payment_id);
CREATE INDEX IF NOT EXISTS receipts_to_resolve ON receipts (resolve_at) WHERE resolve_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS chargebacks (
    chargeback_id TEXT PRIMARY KEY, payment_id TEXT NOT NULL REFERENCES payments, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, reason TEXT NOT NULL, received_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS idempotence_keys (
    idempotence_key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, answer TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS idempotence_keys_by_time ON idempotence_keys (created_at);
CREATE TABLE IF NOT EXISTS ledger (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
    payment_id TEXT NOT NULL, refund_id TEXT UNIQUE, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS ledger_one_charge ON ledger (payment_id) WHERE kind = 'charge';
CREATE TRIGGER IF NOT EXISTS ledger_no_update BEFORE UPDATE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_no_delete BEFORE DELETE ON ledger BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE IF NOT EXISTS webhooks (
    webhook_id INTEGER PRIMARY KEY AUTOINCREMENT, subject_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
    created_at REAL NOT NULL, next_attempt_at REAL, attempts INTEGER NOT NULL DEFAULT 0, outcome TEXT);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhooks_by_subject ON webhooks (subject_id);
CREATE TABLE IF NOT EXISTS faults (
    fault_id INTEGER PRIMARY KEY AUTOINCREMENT, match_payment_id TEXT, match_token TEXT, match_operation TEXT,
    fault TEXT NOT NULL, family TEXT NOT NULL, remaining INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS faults_armed ON faults (family) WHERE remaining > 0;
"""
