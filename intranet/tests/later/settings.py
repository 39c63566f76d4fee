from intranet.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "intranet.tests.later"]  # noqa: F405
