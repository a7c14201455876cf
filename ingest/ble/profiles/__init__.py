"""Every kind of band that a gateway can speak to, one file each: put a file with a function ``profile`` here, and it is
known (see ``ingest.ble.known``)."""
