-- After the first read: the row leaves `when`, and its taxpayer goes.
update nnt set loai='DN' where id=4;
