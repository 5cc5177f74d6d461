-- How far the making anew of images is: in which place, and after what there. `after` is a key of that place.
alter table image_renewal add column store text not null default 'uploads';
alter table image_renewal add column after text[];
update image_renewal set after = array[after_id::text] where after_id is not null;
alter table image_renewal drop column after_id;
