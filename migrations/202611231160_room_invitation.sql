-- Invitations to rooms that are not answered yet (XEP-0045 §7.8.2): only who was invited can decline, and once.
create table room_invitation (
  room_id uuid not null references room on delete cascade,
  -- Bare JIDs.
  invitee text not null,
  inviter text not null,
  invited_at timestamptz not null,
  primary key (room_id, invitee, inviter)
);
create index room_invitation_invitee on room_invitation (invitee);
create index room_invitation_inviter on room_invitation (inviter);
