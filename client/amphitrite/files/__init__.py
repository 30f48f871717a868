"""Files of all kinds: images, tables, lists and folders, read and written safely."""
