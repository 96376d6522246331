"""Cloud Pub/Sub: topics, subscriptions, pull; pushes leave by ``pusher``."""
