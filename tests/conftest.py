"""A busy machine must fail no property test: only wrong answers do."""

from hypothesis import HealthCheck, settings

settings.register_profile("joulelab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("joulelab")
