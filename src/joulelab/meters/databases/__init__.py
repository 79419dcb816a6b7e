"""What meters share whose samples a database has recorded."""
