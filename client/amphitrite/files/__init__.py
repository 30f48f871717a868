"""Files: images, tables, lists and folders, read and written with care."""
