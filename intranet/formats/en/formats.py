DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"  # 27 Nov 2026
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
TIME_INPUT_FORMATS = ["%H:%M", "%H:%M:%S"]  # forms show the first
DATE_INPUT_FORMATS = ["%d/%m/%Y", "%d/%m/%y", "%d %b %Y", "%d %B %Y"]  # as written above, too
