-- A copy of the database must not touch anybody's mail: no grant, no running stream, no waiting job.
UPDATE mailbox_credential
   SET secret = NULL, client_secret = NULL, key_id = NULL, database_uuid = NULL, scopes = NULL,
       expires_at = NULL, refresh_expires_at = NULL, verified_at = NULL, failing_since = NULL,
       failure = NULL, failure_reason = NULL, token_state = 'none';
UPDATE mailbox_client SET client_secret = NULL;
UPDATE mailbox_route_action SET secret = NULL, url = NULL;
UPDATE mailbox_route_execution SET state = 'failed', detail = 'Neutralised copy' WHERE state = 'waiting';
UPDATE mailbox_push_config
   SET service_key = NULL, service_key_database = NULL, service_account = NULL, service_key_id = NULL;
DELETE FROM mailbox_signin;
UPDATE mailbox_alert_hook SET active = false, secret = NULL;
UPDATE mailbox_subscription SET state = 'off', remote_id = NULL, expires_at = NULL, next_try_at = NULL;
UPDATE mailbox SET paused = true, state = 'paused';
UPDATE mailbox_stream SET gate = 'paused', gate_until = NULL, gate_reason = 'Neutralised copy';
UPDATE mailbox_command SET state = 'failed', failure = 'Neutralised copy' WHERE state = 'pending';
UPDATE queue_job
   SET state = 'cancelled'
 WHERE model_name LIKE 'mailbox%'
   AND state NOT IN ('done', 'cancelled', 'failed');
