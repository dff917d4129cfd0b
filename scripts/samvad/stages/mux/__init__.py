"""Put subtitle tracks beside a film's own streams (stage 10)."""
