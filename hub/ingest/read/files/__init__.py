"""Files: CSV, Excel, JSON Lines and Parquet, from a local folder, SFTP or an object store."""
