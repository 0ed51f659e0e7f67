"""What has landed, and which days may be loaded."""

SIGNAL = "day_is_delivered"  # by which a model waits for its deliveries
MODEL = "delivered_"  # how the models begin that read deliveries; the feed follows
