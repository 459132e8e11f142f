module goserver

go 1.18
