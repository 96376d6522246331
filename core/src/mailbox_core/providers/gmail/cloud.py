"""The shell script that prepares Google Cloud for push: one file, to be read before it is run.

It may be run again at any time: what exists is kept, what differs is put right. Roles are given on
the one topic, subscription or service account that needs them, never on the project. Source: Gmail
API, "Push notifications"; Cloud Pub/Sub, "Authentication for push subscriptions" and "Access
control with IAM"; ``gcloud`` reference 528.
"""

from __future__ import annotations

import re
from typing import Literal

from ...contract import PushSetup

#: Gmail's own service account, which publishes (Gmail API, "Push notifications").
PUBLISHER = "gmail-api-push@system.gserviceaccount.com"
_ACCOUNTS = {"push": "mailbox-push", "pull": "mailbox-listen"}
_CLIENT = re.compile(r"(\d{5,})-\w+\.apps\.googleusercontent\.com", re.ASCII)

_HEAD = """\
#!/usr/bin/env bash
#
# Google Cloud for the push of Mailbox for Odoo: a topic that Gmail publishes to, and a
# subscription on it. Run it where gcloud is signed in, for example in Cloud Shell:
#
#     bash {name}
#
# Run it again at any time: what exists is kept, what differs is put right. No project-wide
# role is given to anybody. You need the right to change the project's services, Pub/Sub and
# service accounts (its owner has it).

set -euo pipefail

{settings}
say() { printf '\\n== %s\\n' "$1"; }
stop() { printf '\\n!! %s\\n' "$1" >&2; exit 1; }
cloud() { gcloud "$@" --project="$PROJECT" --quiet; }
exists() { cloud "$@" >/dev/null 2>&1; }

say "1/6 Project $PROJECT"
NUMBER="$(gcloud projects describe "$PROJECT" --format='value(projectNumber)' --quiet)" ||
  stop "There is no such project, or you may not see it. Sign in with: gcloud auth login"
if [ -n "$CLIENT_NUMBER" ] && [ "$NUMBER" != "$CLIENT_NUMBER" ]; then
  stop "The OAuth client of Odoo belongs to project number $CLIENT_NUMBER, this is $NUMBER. \\
Gmail publishes to a topic of the client's own project only: enter that project in Odoo."
fi

say "2/6 Services"
cloud services enable gmail.googleapis.com pubsub.googleapis.com iam.googleapis.com

say "3/6 Topic $TOPIC"
exists pubsub topics describe "$TOPIC" || cloud pubsub topics create "$TOPIC"

say "4/6 Gmail may publish to it"
cloud pubsub topics add-iam-policy-binding "$TOPIC" \\
  --member="serviceAccount:$PUBLISHER" --role=roles/pubsub.publisher >/dev/null ||
  stop "If an organisation policy is named above (iam.allowedPolicyMemberDomains), an \\
administrator of the organisation has to make an exception for this project."

say "5/6 Service account $ACCOUNT"
exists iam service-accounts describe "$ACCOUNT" ||
  cloud iam service-accounts create "$ACCOUNT_NAME" --display-name="$ACCOUNT_TITLE"
"""

_GONE_TOPIC = """
say "6/6 Subscription $SUBSCRIPTION"
if exists pubsub subscriptions describe "$SUBSCRIPTION"; then
  LISTENS_TO="$(cloud pubsub subscriptions describe "$SUBSCRIPTION" --format='value(topic)')"
  case "$LISTENS_TO" in
    "projects/$PROJECT/topics/$TOPIC") ;;
    _deleted-topic_) cloud pubsub subscriptions delete "$SUBSCRIPTION" ;;
    *) stop "$SUBSCRIPTION belongs to another topic: $LISTENS_TO" ;;
  esac
fi
"""

_PUSH = (
    """\
# It only signs. Pub/Sub makes the tokens in its name; projects of before April 2021 need this.
cloud iam service-accounts add-iam-policy-binding "$ACCOUNT" \\
  --member="serviceAccount:service-$NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com" \\
  --role=roles/iam.serviceAccountOpenIdTokenCreator >/dev/null 2>&1 ||
  echo "(not set; newer projects do not need it)"
"""
    + _GONE_TOPIC
    + """\
SETTINGS=(
  --push-endpoint="$ENDPOINT"
  --push-auth-service-account="$ACCOUNT"
  --push-auth-token-audience="$AUDIENCE"
  --ack-deadline=30 --message-retention-duration=1d --expiration-period=never
)
if exists pubsub subscriptions describe "$SUBSCRIPTION"; then
  cloud pubsub subscriptions update "$SUBSCRIPTION" "${SETTINGS[@]}"
else
  cloud pubsub subscriptions create "$SUBSCRIPTION" --topic="$TOPIC" "${SETTINGS[@]}"
fi

say "Done. Back in Odoo, press Continue."
printf 'Signer    %s\\nAudience  %s\\n' "$ACCOUNT" "$AUDIENCE"
"""
)

_PULL = (
    _GONE_TOPIC
    + """\
SETTINGS=(--ack-deadline=60 --message-retention-duration=1d --expiration-period=never)
if exists pubsub subscriptions describe "$SUBSCRIPTION"; then
  cloud pubsub subscriptions modify-push-config "$SUBSCRIPTION" --push-endpoint=""
  cloud pubsub subscriptions update "$SUBSCRIPTION" "${SETTINGS[@]}"
else
  cloud pubsub subscriptions create "$SUBSCRIPTION" --topic="$TOPIC" "${SETTINGS[@]}"
fi
cloud pubsub subscriptions add-iam-policy-binding "$SUBSCRIPTION" \\
  --member="serviceAccount:$ACCOUNT" --role=roles/pubsub.subscriber >/dev/null

say "Key of the service account"
if [ -e "$KEY_FILE" ]; then
  echo "$KEY_FILE is there already: kept"
else
  (umask 077 && cloud iam service-accounts keys create "$KEY_FILE" --iam-account="$ACCOUNT")
fi

say "Done. Enter the content of $KEY_FILE in Odoo, then delete the file here."
"""
)


def account(project: str, delivery: Literal["push", "pull"]) -> str:
    """The address of the service account that signs (push) or asks (pull).

    A project of a domain, ``example.com:name``, comes the other way round in addresses.
    """
    domain, _, name = project.rpartition(":")
    where = f"{name}.{domain}" if domain else name
    return f"{_ACCOUNTS[delivery]}@{where}.iam.gserviceaccount.com"


def script(setup: PushSetup) -> str:
    """The script for one set-up. Values are quoted for the shell, whatever is in them."""
    values = {
        "PROJECT": setup.project,
        "CLIENT_NUMBER": setup.client_project,
        "TOPIC": setup.topic,
        "SUBSCRIPTION": setup.subscription,
        "PUBLISHER": PUBLISHER,
        "ACCOUNT": account(setup.project, setup.delivery),
        "ACCOUNT_NAME": _ACCOUNTS[setup.delivery],
    }
    if setup.delivery == "pull":
        values |= {"ACCOUNT_TITLE": "Mailbox for Odoo: fetches notifications"}
        values |= {"KEY_FILE": f"{_ACCOUNTS['pull']}.json"}
    else:
        values |= {"ACCOUNT_TITLE": "Mailbox for Odoo: signs notifications"}
        values |= {"ENDPOINT": setup.endpoint, "AUDIENCE": setup.audience}
    settings = "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())
    head = _HEAD.replace("{settings}", settings).replace("{name}", file_name(setup))
    return head + (_PULL if setup.delivery == "pull" else _PUSH)


def client_project(client_id: str) -> str:
    """The number of the project that an OAuth client belongs to: it begins the client's id. Empty
    when the id is of another form."""
    found = _CLIENT.fullmatch(client_id.strip())
    return found[1] if found else ""


def file_name(setup: PushSetup) -> str:
    """What the script is called when it is downloaded."""
    return f"mailbox-{setup.delivery}-setup.sh"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
