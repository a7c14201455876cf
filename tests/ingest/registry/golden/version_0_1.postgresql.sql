-- A registry of version 0.1 with three people, two bands and a site: its own Registry wrote it, pg_dump --column-inserts
-- --no-owner --no-privileges printed it; comments and settings of the session are left out.
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.assignment (
    id integer NOT NULL,
    band character varying(64) NOT NULL,
    wearer character varying(64) NOT NULL,
    since_s double precision NOT NULL,
    until_s double precision,
    CONSTRAINT ck_assignment_ck_assignment_in_order CHECK (((until_s IS NULL) OR (until_s > since_s)))
);
CREATE SEQUENCE public.assignment_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.assignment_id_seq OWNED BY public.assignment.id;
CREATE TABLE public.band (
    name character varying(64) NOT NULL
);
CREATE TABLE public.carer (
    name character varying(200) NOT NULL
);
CREATE TABLE public.site (
    name character varying(64) NOT NULL
);
CREATE TABLE public.wearer (
    pseudonym character varying(64) NOT NULL,
    site character varying(64)
);
CREATE TABLE public.wearer_name (
    pseudonym character varying(64) NOT NULL,
    name character varying(200) NOT NULL
);
ALTER TABLE ONLY public.assignment ALTER COLUMN id SET DEFAULT nextval('public.assignment_id_seq'::regclass);
INSERT INTO public.alembic_version (version_num) VALUES ('0001');
INSERT INTO public.assignment (id, band, wearer, since_s, until_s) VALUES (1, 'b-1', 'w-01', 1000, 2000.25);
INSERT INTO public.assignment (id, band, wearer, since_s, until_s) VALUES (2, 'b-1', 'w-02', 2000.25, NULL);
INSERT INTO public.assignment (id, band, wearer, since_s, until_s) VALUES (3, 'b-2', 'w-01', 2500, NULL);
INSERT INTO public.band (name) VALUES ('b-1');
INSERT INTO public.band (name) VALUES ('b-2');
INSERT INTO public.carer (name) VALUES ('Jo');
INSERT INTO public.site (name) VALUES ('home');
INSERT INTO public.wearer (pseudonym, site) VALUES ('w-02', NULL);
INSERT INTO public.wearer (pseudonym, site) VALUES ('w-03', NULL);
INSERT INTO public.wearer (pseudonym, site) VALUES ('w-01', 'home');
INSERT INTO public.wearer_name (pseudonym, name) VALUES ('w-01', 'Ann');
INSERT INTO public.wearer_name (pseudonym, name) VALUES ('w-02', 'Bo');
INSERT INTO public.wearer_name (pseudonym, name) VALUES ('w-03', 'Cleo');
SELECT pg_catalog.setval('public.assignment_id_seq', 3, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT pk_assignment PRIMARY KEY (id);
ALTER TABLE ONLY public.band
    ADD CONSTRAINT pk_band PRIMARY KEY (name);
ALTER TABLE ONLY public.carer
    ADD CONSTRAINT pk_carer PRIMARY KEY (name);
ALTER TABLE ONLY public.site
    ADD CONSTRAINT pk_site PRIMARY KEY (name);
ALTER TABLE ONLY public.wearer
    ADD CONSTRAINT pk_wearer PRIMARY KEY (pseudonym);
ALTER TABLE ONLY public.wearer_name
    ADD CONSTRAINT pk_wearer_name PRIMARY KEY (pseudonym);
CREATE INDEX ix_assignment_band_since_s ON public.assignment USING btree (band, since_s);
CREATE UNIQUE INDEX ix_assignment_open_band ON public.assignment USING btree (band) WHERE (until_s IS NULL);
CREATE UNIQUE INDEX ix_assignment_open_wearer ON public.assignment USING btree (wearer) WHERE (until_s IS NULL);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT fk_assignment_band FOREIGN KEY (band) REFERENCES public.band(name);
ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT fk_assignment_wearer FOREIGN KEY (wearer) REFERENCES public.wearer(pseudonym);
ALTER TABLE ONLY public.wearer_name
    ADD CONSTRAINT fk_wearer_name_pseudonym FOREIGN KEY (pseudonym) REFERENCES public.wearer(pseudonym) ON DELETE CASCADE;
ALTER TABLE ONLY public.wearer
    ADD CONSTRAINT fk_wearer_site FOREIGN KEY (site) REFERENCES public.site(name);
