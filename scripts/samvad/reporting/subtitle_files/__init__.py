"""What ``./samvad check`` says of subtitle files, and how it mends them."""
