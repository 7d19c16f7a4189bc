module github.com/seismohq/seismo/fault

go 1.26
