"""The protocols the world is seen through."""
