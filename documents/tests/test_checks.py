from intranet.files.checks import check_file_cleanup
from intranet.files.cleanup import connect_file_cleanup, disconnect_file_cleanup


def errors():
    return [error.id for error in check_file_cleanup(None)]


class TestFileCleanup:
    def test_each_engine_alone_is_fine(self, choose_engine):
        assert errors() == []

        choose_engine("django-cleanup")

        assert errors() == []

    def test_an_unknown_engine_is_an_error(self, choose_engine):
        choose_engine("broom")

        assert errors() == ["files.E001"]

    def test_two_engines_at_once_are_an_error(self, choose_engine):
        choose_engine("django-cleanup")
        connect_file_cleanup()

        assert errors() == ["files.E002"]

    def test_an_engine_that_is_not_connected_is_an_error(self):
        disconnect_file_cleanup()
        try:
            assert errors() == ["files.E003"]
        finally:
            connect_file_cleanup()
