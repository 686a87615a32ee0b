// The table `users`, as tutorials write it: one row per user, with unique ids and addresses.
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", (error) => console.error(error)); // else a lost idle connection ends the process

await pool.query(`create table if not exists users (
  id serial primary key, clerk_id text not null unique, email text unique, first_name text, last_name text)`);

const values = (user) => [user.id, email(user), user.first_name, user.last_name];
const email = (user) =>
  user.email_addresses.find((each) => each.id === user.primary_email_address_id)?.email_address ?? null;

export const insert = (user) =>
  pool.query("insert into users (clerk_id, email, first_name, last_name) values ($1, $2, $3, $4)", values(user));

export const update = (user) =>
  pool.query("update users set email = $2, first_name = $3, last_name = $4 where clerk_id = $1", values(user));

export const upsert = (user) =>
  pool.query(
    `insert into users (clerk_id, email, first_name, last_name) values ($1, $2, $3, $4) on conflict (clerk_id)
     do update set email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name`,
    values(user),
  );

export const remove = (user) => pool.query("delete from users where clerk_id = $1", [user.id]);
