-- What a file that is no image was found to be and to hold: a policy may close the way out later. Null: an image, or not looked at.
alter table upload add column file_classes text[];
