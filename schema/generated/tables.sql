-- Derived from schema/. To read, not to run: `hub migrate` makes the tables.

CREATE TABLE data.administrative_unit (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	unit_code TEXT NOT NULL,
	code TEXT NOT NULL,
	level TEXT NOT NULL,
	type_name TEXT,
	name TEXT NOT NULL,
	name_key TEXT COLLATE "C",
	point TEXT,
	area NUMERIC,
	valid_from DATE,
	valid_to DATE,
	parent_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT administrative_unit_name_key_made CHECK (("name" is null) = ("name_key" is null))
)
 WITH (fillfactor = 95);
CREATE INDEX administrative_unit_code ON data.administrative_unit (code, id);
CREATE INDEX administrative_unit_level ON data.administrative_unit (level, id);
CREATE INDEX administrative_unit_name_key ON data.administrative_unit (name_key, id);
CREATE INDEX administrative_unit_name_key_words ON data.administrative_unit USING gin (string_to_array("name_key", ' '));
CREATE INDEX administrative_unit_parent_unit_code ON data.administrative_unit (parent_unit_code, id);
CREATE UNIQUE INDEX administrative_unit_source ON data.administrative_unit (stream_id, source_key);
CREATE UNIQUE INDEX administrative_unit_unit_code_key ON data.administrative_unit (unit_code);
CREATE INDEX administrative_unit_valid_from ON data.administrative_unit (valid_from, id);
CREATE INDEX administrative_unit_valid_to ON data.administrative_unit (valid_to, id);

CREATE TABLE data.administrative_unit_change (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	kind TEXT NOT NULL,
	effective_on DATE NOT NULL,
	predecessor_unit_code TEXT NOT NULL,
	successor_unit_code TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX administrative_unit_change_effective_on ON data.administrative_unit_change (effective_on, id);
CREATE INDEX administrative_unit_change_kind ON data.administrative_unit_change (kind, id);
CREATE INDEX administrative_unit_change_predecessor_unit_code ON data.administrative_unit_change (predecessor_unit_code, id);
CREATE UNIQUE INDEX administrative_unit_change_source ON data.administrative_unit_change (stream_id, source_key);
CREATE INDEX administrative_unit_change_successor_unit_code ON data.administrative_unit_change (successor_unit_code, id);

CREATE TABLE data.benefit (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	benefit_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	monthly_amount BIGINT NOT NULL,
	since DATE,
	until DATE,
	status TEXT NOT NULL,
	beneficiary_kind TEXT,
	beneficiary_name TEXT,
	beneficiary_birth_date TEXT,
	beneficiary_identifier TEXT,
	beneficiary_tax_code TEXT,
	beneficiary_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE UNIQUE INDEX benefit_benefit_number_key ON data.benefit (benefit_number);
CREATE INDEX benefit_kind ON data.benefit (kind, id);
CREATE INDEX benefit_since ON data.benefit (since, id);
CREATE UNIQUE INDEX benefit_source ON data.benefit (stream_id, source_key);
CREATE INDEX benefit_status ON data.benefit (status, id);

CREATE TABLE data.birth_notice (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	notice_number TEXT NOT NULL,
	birth_date TEXT NOT NULL,
	sex TEXT,
	birth_weight INTEGER,
	intended_name TEXT,
	facility_name TEXT,
	issued_on DATE,
	mother_kind TEXT,
	mother_name TEXT,
	mother_birth_date TEXT,
	mother_identifier TEXT,
	mother_tax_code TEXT,
	mother_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX birth_notice_birth_date ON data.birth_notice (birth_date, id);
CREATE UNIQUE INDEX birth_notice_notice_number_key ON data.birth_notice (notice_number);
CREATE UNIQUE INDEX birth_notice_source ON data.birth_notice (stream_id, source_key);

CREATE TABLE data.birth_registration (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	registration_number TEXT NOT NULL,
	birth_date TEXT NOT NULL,
	sex TEXT,
	birth_place TEXT,
	registered_on DATE,
	registry_unit_code TEXT,
	child_kind TEXT,
	child_name TEXT,
	child_birth_date TEXT,
	child_identifier TEXT,
	child_tax_code TEXT,
	child_address TEXT,
	mother_kind TEXT,
	mother_name TEXT,
	mother_birth_date TEXT,
	mother_identifier TEXT,
	mother_tax_code TEXT,
	mother_address TEXT,
	father_kind TEXT,
	father_name TEXT,
	father_birth_date TEXT,
	father_identifier TEXT,
	father_tax_code TEXT,
	father_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX birth_registration_birth_date ON data.birth_registration (birth_date, id);
CREATE INDEX birth_registration_registered_on ON data.birth_registration (registered_on, id);
CREATE UNIQUE INDEX birth_registration_registration_number_key ON data.birth_registration (registration_number);
CREATE INDEX birth_registration_registry_unit_code ON data.birth_registration (registry_unit_code, id);
CREATE UNIQUE INDEX birth_registration_source ON data.birth_registration (stream_id, source_key);

CREATE TABLE data.business (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	registration_number TEXT NOT NULL,
	enterprise_code TEXT,
	tax_code TEXT,
	legal_name TEXT NOT NULL,
	legal_name_key TEXT COLLATE "C",
	legal_form TEXT NOT NULL,
	status TEXT NOT NULL,
	registered_on DATE,
	registered_capital BIGINT,
	activity TEXT,
	seat_address TEXT,
	seat_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT business_legal_name_key_made CHECK (("legal_name" is null) = ("legal_name_key" is null))
)
 WITH (fillfactor = 95);
CREATE UNIQUE INDEX business_enterprise_code_key ON data.business (enterprise_code);
CREATE INDEX business_legal_form ON data.business (legal_form, id);
CREATE INDEX business_legal_name_key ON data.business (legal_name_key, id);
CREATE INDEX business_legal_name_key_words ON data.business USING gin (string_to_array("legal_name_key", ' '));
CREATE INDEX business_registered_on ON data.business (registered_on, id);
CREATE UNIQUE INDEX business_registration_number_key ON data.business (registration_number);
CREATE INDEX business_seat_unit_code ON data.business (seat_unit_code, id);
CREATE UNIQUE INDEX business_source ON data.business (stream_id, source_key);
CREATE INDEX business_status ON data.business (status, id);
CREATE INDEX business_tax_code ON data.business (tax_code, id);

CREATE TABLE data.business_role (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	role TEXT NOT NULL,
	since DATE,
	until DATE,
	contribution BIGINT,
	business_registration_number TEXT NOT NULL,
	person_kind TEXT,
	person_name TEXT,
	person_birth_date TEXT,
	person_identifier TEXT,
	person_tax_code TEXT,
	person_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX business_role_business_registration_number ON data.business_role (business_registration_number, id);
CREATE INDEX business_role_role ON data.business_role (role, id);
CREATE INDEX business_role_since ON data.business_role (since, id);
CREATE UNIQUE INDEX business_role_source ON data.business_role (stream_id, source_key);

CREATE TABLE data.business_site (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	kind TEXT NOT NULL,
	address TEXT,
	since DATE,
	until DATE,
	business_registration_number TEXT NOT NULL,
	unit_code TEXT,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX business_site_business_registration_number ON data.business_site (business_registration_number, id);
CREATE INDEX business_site_kind ON data.business_site (kind, id);
CREATE UNIQUE INDEX business_site_source ON data.business_site (stream_id, source_key);
CREATE INDEX business_site_unit_code ON data.business_site (unit_code, id);

CREATE TABLE data.citizen (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	personal_id TEXT NOT NULL,
	former_id TEXT,
	full_name TEXT NOT NULL,
	full_name_key TEXT COLLATE "C",
	sex TEXT,
	birth_date TEXT,
	death_date DATE,
	ethnicity TEXT,
	residence_address TEXT,
	registered_on DATE,
	residence_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id),
	CONSTRAINT citizen_full_name_key_made CHECK (("full_name" is null) = ("full_name_key" is null))
)
 WITH (fillfactor = 95);
CREATE INDEX citizen_birth_date ON data.citizen (birth_date, id);
CREATE INDEX citizen_former_id ON data.citizen (former_id, id);
CREATE INDEX citizen_full_name_key ON data.citizen (full_name_key, id);
CREATE INDEX citizen_full_name_key_words ON data.citizen USING gin (string_to_array("full_name_key", ' '));
CREATE UNIQUE INDEX citizen_personal_id_key ON data.citizen (personal_id);
CREATE INDEX citizen_residence_unit_code ON data.citizen (residence_unit_code, id);
CREATE UNIQUE INDEX citizen_source ON data.citizen (stream_id, source_key);

CREATE TABLE data.death_registration (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	registration_number TEXT NOT NULL,
	died_on DATE NOT NULL,
	registered_on DATE,
	registry_unit_code TEXT,
	deceased_kind TEXT,
	deceased_name TEXT,
	deceased_birth_date TEXT,
	deceased_identifier TEXT,
	deceased_tax_code TEXT,
	deceased_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX death_registration_died_on ON data.death_registration (died_on, id);
CREATE UNIQUE INDEX death_registration_registration_number_key ON data.death_registration (registration_number);
CREATE INDEX death_registration_registry_unit_code ON data.death_registration (registry_unit_code, id);
CREATE UNIQUE INDEX death_registration_source ON data.death_registration (stream_id, source_key);

CREATE TABLE data.encumbrance (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	registration_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	beneficiary_name TEXT,
	secured_amount BIGINT,
	registered_on DATE,
	discharged_on DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX encumbrance_kind ON data.encumbrance (kind, id);
CREATE INDEX encumbrance_registered_on ON data.encumbrance (registered_on, id);
CREATE UNIQUE INDEX encumbrance_registration_number_key ON data.encumbrance (registration_number);
CREATE UNIQUE INDEX encumbrance_source ON data.encumbrance (stream_id, source_key);
CREATE INDEX encumbrance_status ON data.encumbrance (status, id);

CREATE TABLE data.health_insurance_card (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	card_number TEXT NOT NULL,
	category TEXT NOT NULL,
	valid_from DATE,
	valid_until DATE,
	clinic_code TEXT,
	clinic_name TEXT,
	holder_kind TEXT,
	holder_name TEXT,
	holder_birth_date TEXT,
	holder_identifier TEXT,
	holder_tax_code TEXT,
	holder_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE UNIQUE INDEX health_insurance_card_card_number_key ON data.health_insurance_card (card_number);
CREATE INDEX health_insurance_card_category ON data.health_insurance_card (category, id);
CREATE INDEX health_insurance_card_clinic_code ON data.health_insurance_card (clinic_code, id);
CREATE UNIQUE INDEX health_insurance_card_source ON data.health_insurance_card (stream_id, source_key);
CREATE INDEX health_insurance_card_valid_from ON data.health_insurance_card (valid_from, id);

CREATE TABLE data.household (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	household_code TEXT NOT NULL,
	head_personal_id TEXT,
	address TEXT,
	commune_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX household_commune_unit_code ON data.household (commune_unit_code, id);
CREATE INDEX household_head_personal_id ON data.household (head_personal_id, id);
CREATE UNIQUE INDEX household_household_code_key ON data.household (household_code);
CREATE UNIQUE INDEX household_source ON data.household (stream_id, source_key);

CREATE TABLE data.household_membership (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	relationship TEXT NOT NULL,
	residence_kind TEXT,
	since DATE,
	household_code TEXT NOT NULL,
	member_kind TEXT,
	member_name TEXT,
	member_birth_date TEXT,
	member_identifier TEXT,
	member_tax_code TEXT,
	member_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX household_membership_household_code ON data.household_membership (household_code, id);
CREATE INDEX household_membership_relationship ON data.household_membership (relationship, id);
CREATE UNIQUE INDEX household_membership_source ON data.household_membership (stream_id, source_key);

CREATE TABLE data.land_transfer_slip (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	slip_number TEXT NOT NULL,
	dossier_code TEXT,
	certificate_serial TEXT,
	kind TEXT NOT NULL,
	area NUMERIC,
	price BIGINT,
	issued_on DATE NOT NULL,
	status TEXT NOT NULL,
	revoked_on DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	transferor_kind TEXT,
	transferor_name TEXT,
	transferor_birth_date TEXT,
	transferor_identifier TEXT,
	transferor_tax_code TEXT,
	transferor_address TEXT,
	transferee_kind TEXT,
	transferee_name TEXT,
	transferee_birth_date TEXT,
	transferee_identifier TEXT,
	transferee_tax_code TEXT,
	transferee_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX land_transfer_slip_certificate_serial ON data.land_transfer_slip (certificate_serial, id);
CREATE INDEX land_transfer_slip_dossier_code ON data.land_transfer_slip (dossier_code, id);
CREATE INDEX land_transfer_slip_issued_on ON data.land_transfer_slip (issued_on, id);
CREATE INDEX land_transfer_slip_kind ON data.land_transfer_slip (kind, id);
CREATE UNIQUE INDEX land_transfer_slip_slip_number_key ON data.land_transfer_slip (slip_number);
CREATE UNIQUE INDEX land_transfer_slip_source ON data.land_transfer_slip (stream_id, source_key);
CREATE INDEX land_transfer_slip_status ON data.land_transfer_slip (status, id);

CREATE TABLE data.land_use_right (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	certificate_serial TEXT,
	registry_number TEXT,
	issued_on DATE,
	share TEXT,
	area NUMERIC,
	purpose TEXT,
	term_ends_on DATE,
	origin TEXT,
	status TEXT NOT NULL,
	parcel_number TEXT,
	parcel_identifier TEXT,
	holder_kind TEXT,
	holder_name TEXT,
	holder_birth_date TEXT,
	holder_identifier TEXT,
	holder_tax_code TEXT,
	holder_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX land_use_right_certificate_serial ON data.land_use_right (certificate_serial, id);
CREATE INDEX land_use_right_issued_on ON data.land_use_right (issued_on, id);
CREATE INDEX land_use_right_registry_number ON data.land_use_right (registry_number, id);
CREATE UNIQUE INDEX land_use_right_source ON data.land_use_right (stream_id, source_key);
CREATE INDEX land_use_right_status ON data.land_use_right (status, id);

CREATE TABLE data.marital_status (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	state TEXT NOT NULL,
	since DATE,
	until DATE,
	certificate_number TEXT,
	person_kind TEXT,
	person_name TEXT,
	person_birth_date TEXT,
	person_identifier TEXT,
	person_tax_code TEXT,
	person_address TEXT,
	spouse_kind TEXT,
	spouse_name TEXT,
	spouse_birth_date TEXT,
	spouse_identifier TEXT,
	spouse_tax_code TEXT,
	spouse_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX marital_status_since ON data.marital_status (since, id);
CREATE UNIQUE INDEX marital_status_source ON data.marital_status (stream_id, source_key);
CREATE INDEX marital_status_state ON data.marital_status (state, id);

CREATE TABLE data.parcel (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	parcel_number TEXT NOT NULL,
	parcel_identifier TEXT,
	map_sheet INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	area NUMERIC,
	purpose TEXT,
	address TEXT,
	point TEXT,
	commune_unit_code TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX parcel_area ON data.parcel (area, id);
CREATE INDEX parcel_commune_unit_code ON data.parcel (commune_unit_code, id);
CREATE INDEX parcel_map_sheet ON data.parcel (map_sheet, id);
CREATE INDEX parcel_ordinal ON data.parcel (ordinal, id);
CREATE UNIQUE INDEX parcel_parcel_identifier_key ON data.parcel (parcel_identifier);
CREATE UNIQUE INDEX parcel_parcel_number_key ON data.parcel (parcel_number);
CREATE INDEX parcel_purpose ON data.parcel (purpose, id);
CREATE UNIQUE INDEX parcel_source ON data.parcel (stream_id, source_key);

CREATE TABLE data.payment (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	payment_number TEXT NOT NULL,
	amount BIGINT NOT NULL,
	paid_on DATE NOT NULL,
	obligation_number TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX payment_amount ON data.payment (amount, id);
CREATE INDEX payment_obligation_number ON data.payment (obligation_number, id);
CREATE INDEX payment_paid_on ON data.payment (paid_on, id);
CREATE UNIQUE INDEX payment_payment_number_key ON data.payment (payment_number);
CREATE UNIQUE INDEX payment_source ON data.payment (stream_id, source_key);

CREATE TABLE data.pension (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	decision_number TEXT NOT NULL,
	social_insurance_number TEXT,
	kind TEXT NOT NULL,
	monthly_amount BIGINT NOT NULL,
	since DATE,
	until DATE,
	status TEXT NOT NULL,
	beneficiary_kind TEXT,
	beneficiary_name TEXT,
	beneficiary_birth_date TEXT,
	beneficiary_identifier TEXT,
	beneficiary_tax_code TEXT,
	beneficiary_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE UNIQUE INDEX pension_decision_number_key ON data.pension (decision_number);
CREATE INDEX pension_kind ON data.pension (kind, id);
CREATE INDEX pension_since ON data.pension (since, id);
CREATE INDEX pension_social_insurance_number ON data.pension (social_insurance_number, id);
CREATE UNIQUE INDEX pension_source ON data.pension (stream_id, source_key);
CREATE INDEX pension_status ON data.pension (status, id);

CREATE TABLE data.planning_restriction (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	restriction_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	decision_number TEXT,
	plan_name TEXT,
	affected_area NUMERIC,
	valid_from DATE,
	valid_until DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX planning_restriction_decision_number ON data.planning_restriction (decision_number, id);
CREATE INDEX planning_restriction_kind ON data.planning_restriction (kind, id);
CREATE UNIQUE INDEX planning_restriction_restriction_number_key ON data.planning_restriction (restriction_number);
CREATE UNIQUE INDEX planning_restriction_source ON data.planning_restriction (stream_id, source_key);
CREATE INDEX planning_restriction_valid_from ON data.planning_restriction (valid_from, id);

CREATE TABLE data.poor_household_entry (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	entry_number TEXT NOT NULL,
	category TEXT NOT NULL,
	year INTEGER NOT NULL,
	member_count INTEGER,
	decision_number TEXT,
	decided_on DATE,
	household_kind TEXT,
	household_name TEXT,
	household_birth_date TEXT,
	household_identifier TEXT,
	household_tax_code TEXT,
	household_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX poor_household_entry_category ON data.poor_household_entry (category, id);
CREATE UNIQUE INDEX poor_household_entry_entry_number_key ON data.poor_household_entry (entry_number);
CREATE UNIQUE INDEX poor_household_entry_source ON data.poor_household_entry (stream_id, source_key);
CREATE INDEX poor_household_entry_year ON data.poor_household_entry (year, id);

CREATE TABLE data.tax_exemption (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	exemption_number TEXT NOT NULL,
	ground TEXT NOT NULL,
	amount BIGINT NOT NULL,
	decided_on DATE,
	obligation_number TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX tax_exemption_amount ON data.tax_exemption (amount, id);
CREATE INDEX tax_exemption_decided_on ON data.tax_exemption (decided_on, id);
CREATE UNIQUE INDEX tax_exemption_exemption_number_key ON data.tax_exemption (exemption_number);
CREATE INDEX tax_exemption_ground ON data.tax_exemption (ground, id);
CREATE INDEX tax_exemption_obligation_number ON data.tax_exemption (obligation_number, id);
CREATE UNIQUE INDEX tax_exemption_source ON data.tax_exemption (stream_id, source_key);

CREATE TABLE data.tax_obligation (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	obligation_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	year INTEGER NOT NULL,
	amount BIGINT NOT NULL,
	paid_amount BIGINT,
	due_on DATE,
	status TEXT NOT NULL,
	transfer_slip_number TEXT,
	taxpayer_number TEXT,
	debtor_kind TEXT,
	debtor_name TEXT,
	debtor_birth_date TEXT,
	debtor_identifier TEXT,
	debtor_tax_code TEXT,
	debtor_address TEXT,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX tax_obligation_amount ON data.tax_obligation (amount, id);
CREATE INDEX tax_obligation_due_on ON data.tax_obligation (due_on, id);
CREATE INDEX tax_obligation_kind ON data.tax_obligation (kind, id);
CREATE UNIQUE INDEX tax_obligation_obligation_number_key ON data.tax_obligation (obligation_number);
CREATE UNIQUE INDEX tax_obligation_source ON data.tax_obligation (stream_id, source_key);
CREATE INDEX tax_obligation_status ON data.tax_obligation (status, id);
CREATE INDEX tax_obligation_taxpayer_number ON data.tax_obligation (taxpayer_number, id);
CREATE INDEX tax_obligation_transfer_slip_number ON data.tax_obligation (transfer_slip_number, id);
CREATE INDEX tax_obligation_year ON data.tax_obligation (year, id);

CREATE TABLE data.taxpayer (
	id BIGINT DEFAULT nextval('hub.id_seq') NOT NULL,
	taxpayer_number TEXT NOT NULL,
	tax_code TEXT,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	registered_on DATE,
	party_kind TEXT,
	party_name TEXT,
	party_birth_date TEXT,
	party_identifier TEXT,
	party_tax_code TEXT,
	party_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
)
 WITH (fillfactor = 95);
CREATE INDEX taxpayer_kind ON data.taxpayer (kind, id);
CREATE UNIQUE INDEX taxpayer_source ON data.taxpayer (stream_id, source_key);
CREATE INDEX taxpayer_status ON data.taxpayer (status, id);
CREATE INDEX taxpayer_tax_code ON data.taxpayer (tax_code, id);
CREATE UNIQUE INDEX taxpayer_taxpayer_number_key ON data.taxpayer (taxpayer_number);

CREATE TABLE history.administrative_unit (
	id BIGINT NOT NULL,
	unit_code TEXT NOT NULL,
	code TEXT NOT NULL,
	level TEXT NOT NULL,
	type_name TEXT,
	name TEXT NOT NULL,
	name_key TEXT COLLATE "C",
	point TEXT,
	area NUMERIC,
	valid_from DATE,
	valid_to DATE,
	parent_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX administrative_unit_past_parent_unit_code ON history.administrative_unit (parent_unit_code);
CREATE INDEX administrative_unit_past_unit_code ON history.administrative_unit (unit_code);

CREATE TABLE history.administrative_unit_change (
	id BIGINT NOT NULL,
	kind TEXT NOT NULL,
	effective_on DATE NOT NULL,
	predecessor_unit_code TEXT NOT NULL,
	successor_unit_code TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX administrative_unit_change_past_predecessor_unit_code ON history.administrative_unit_change (predecessor_unit_code);
CREATE INDEX administrative_unit_change_past_successor_unit_code ON history.administrative_unit_change (successor_unit_code);

CREATE TABLE history.benefit (
	id BIGINT NOT NULL,
	benefit_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	monthly_amount BIGINT NOT NULL,
	since DATE,
	until DATE,
	status TEXT NOT NULL,
	beneficiary_kind TEXT,
	beneficiary_name TEXT,
	beneficiary_birth_date TEXT,
	beneficiary_identifier TEXT,
	beneficiary_tax_code TEXT,
	beneficiary_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX benefit_past_benefit_number ON history.benefit (benefit_number);

CREATE TABLE history.birth_notice (
	id BIGINT NOT NULL,
	notice_number TEXT NOT NULL,
	birth_date TEXT NOT NULL,
	sex TEXT,
	birth_weight INTEGER,
	intended_name TEXT,
	facility_name TEXT,
	issued_on DATE,
	mother_kind TEXT,
	mother_name TEXT,
	mother_birth_date TEXT,
	mother_identifier TEXT,
	mother_tax_code TEXT,
	mother_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX birth_notice_past_notice_number ON history.birth_notice (notice_number);

CREATE TABLE history.birth_registration (
	id BIGINT NOT NULL,
	registration_number TEXT NOT NULL,
	birth_date TEXT NOT NULL,
	sex TEXT,
	birth_place TEXT,
	registered_on DATE,
	registry_unit_code TEXT,
	child_kind TEXT,
	child_name TEXT,
	child_birth_date TEXT,
	child_identifier TEXT,
	child_tax_code TEXT,
	child_address TEXT,
	mother_kind TEXT,
	mother_name TEXT,
	mother_birth_date TEXT,
	mother_identifier TEXT,
	mother_tax_code TEXT,
	mother_address TEXT,
	father_kind TEXT,
	father_name TEXT,
	father_birth_date TEXT,
	father_identifier TEXT,
	father_tax_code TEXT,
	father_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX birth_registration_past_registration_number ON history.birth_registration (registration_number);
CREATE INDEX birth_registration_past_registry_unit_code ON history.birth_registration (registry_unit_code);

CREATE TABLE history.business (
	id BIGINT NOT NULL,
	registration_number TEXT NOT NULL,
	enterprise_code TEXT,
	tax_code TEXT,
	legal_name TEXT NOT NULL,
	legal_name_key TEXT COLLATE "C",
	legal_form TEXT NOT NULL,
	status TEXT NOT NULL,
	registered_on DATE,
	registered_capital BIGINT,
	activity TEXT,
	seat_address TEXT,
	seat_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX business_past_enterprise_code ON history.business (enterprise_code);
CREATE INDEX business_past_registration_number ON history.business (registration_number);
CREATE INDEX business_past_seat_unit_code ON history.business (seat_unit_code);

CREATE TABLE history.business_role (
	id BIGINT NOT NULL,
	role TEXT NOT NULL,
	since DATE,
	until DATE,
	contribution BIGINT,
	business_registration_number TEXT NOT NULL,
	person_kind TEXT,
	person_name TEXT,
	person_birth_date TEXT,
	person_identifier TEXT,
	person_tax_code TEXT,
	person_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX business_role_past_business_registration_number ON history.business_role (business_registration_number);

CREATE TABLE history.business_site (
	id BIGINT NOT NULL,
	kind TEXT NOT NULL,
	address TEXT,
	since DATE,
	until DATE,
	business_registration_number TEXT NOT NULL,
	unit_code TEXT,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX business_site_past_business_registration_number ON history.business_site (business_registration_number);
CREATE INDEX business_site_past_unit_code ON history.business_site (unit_code);

CREATE TABLE history.citizen (
	id BIGINT NOT NULL,
	personal_id TEXT NOT NULL,
	former_id TEXT,
	full_name TEXT NOT NULL,
	full_name_key TEXT COLLATE "C",
	sex TEXT,
	birth_date TEXT,
	death_date DATE,
	ethnicity TEXT,
	residence_address TEXT,
	registered_on DATE,
	residence_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX citizen_past_personal_id ON history.citizen (personal_id);
CREATE INDEX citizen_past_residence_unit_code ON history.citizen (residence_unit_code);

CREATE TABLE history.death_registration (
	id BIGINT NOT NULL,
	registration_number TEXT NOT NULL,
	died_on DATE NOT NULL,
	registered_on DATE,
	registry_unit_code TEXT,
	deceased_kind TEXT,
	deceased_name TEXT,
	deceased_birth_date TEXT,
	deceased_identifier TEXT,
	deceased_tax_code TEXT,
	deceased_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX death_registration_past_registration_number ON history.death_registration (registration_number);
CREATE INDEX death_registration_past_registry_unit_code ON history.death_registration (registry_unit_code);

CREATE TABLE history.encumbrance (
	id BIGINT NOT NULL,
	registration_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	beneficiary_name TEXT,
	secured_amount BIGINT,
	registered_on DATE,
	discharged_on DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX encumbrance_past_registration_number ON history.encumbrance (registration_number);

CREATE TABLE history.health_insurance_card (
	id BIGINT NOT NULL,
	card_number TEXT NOT NULL,
	category TEXT NOT NULL,
	valid_from DATE,
	valid_until DATE,
	clinic_code TEXT,
	clinic_name TEXT,
	holder_kind TEXT,
	holder_name TEXT,
	holder_birth_date TEXT,
	holder_identifier TEXT,
	holder_tax_code TEXT,
	holder_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX health_insurance_card_past_card_number ON history.health_insurance_card (card_number);

CREATE TABLE history.household (
	id BIGINT NOT NULL,
	household_code TEXT NOT NULL,
	head_personal_id TEXT,
	address TEXT,
	commune_unit_code TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX household_past_commune_unit_code ON history.household (commune_unit_code);
CREATE INDEX household_past_household_code ON history.household (household_code);

CREATE TABLE history.household_membership (
	id BIGINT NOT NULL,
	relationship TEXT NOT NULL,
	residence_kind TEXT,
	since DATE,
	household_code TEXT NOT NULL,
	member_kind TEXT,
	member_name TEXT,
	member_birth_date TEXT,
	member_identifier TEXT,
	member_tax_code TEXT,
	member_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX household_membership_past_household_code ON history.household_membership (household_code);

CREATE TABLE history.land_transfer_slip (
	id BIGINT NOT NULL,
	slip_number TEXT NOT NULL,
	dossier_code TEXT,
	certificate_serial TEXT,
	kind TEXT NOT NULL,
	area NUMERIC,
	price BIGINT,
	issued_on DATE NOT NULL,
	status TEXT NOT NULL,
	revoked_on DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	transferor_kind TEXT,
	transferor_name TEXT,
	transferor_birth_date TEXT,
	transferor_identifier TEXT,
	transferor_tax_code TEXT,
	transferor_address TEXT,
	transferee_kind TEXT,
	transferee_name TEXT,
	transferee_birth_date TEXT,
	transferee_identifier TEXT,
	transferee_tax_code TEXT,
	transferee_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX land_transfer_slip_past_slip_number ON history.land_transfer_slip (slip_number);

CREATE TABLE history.land_use_right (
	id BIGINT NOT NULL,
	certificate_serial TEXT,
	registry_number TEXT,
	issued_on DATE,
	share TEXT,
	area NUMERIC,
	purpose TEXT,
	term_ends_on DATE,
	origin TEXT,
	status TEXT NOT NULL,
	parcel_number TEXT,
	parcel_identifier TEXT,
	holder_kind TEXT,
	holder_name TEXT,
	holder_birth_date TEXT,
	holder_identifier TEXT,
	holder_tax_code TEXT,
	holder_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);

CREATE TABLE history.marital_status (
	id BIGINT NOT NULL,
	state TEXT NOT NULL,
	since DATE,
	until DATE,
	certificate_number TEXT,
	person_kind TEXT,
	person_name TEXT,
	person_birth_date TEXT,
	person_identifier TEXT,
	person_tax_code TEXT,
	person_address TEXT,
	spouse_kind TEXT,
	spouse_name TEXT,
	spouse_birth_date TEXT,
	spouse_identifier TEXT,
	spouse_tax_code TEXT,
	spouse_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);

CREATE TABLE history.parcel (
	id BIGINT NOT NULL,
	parcel_number TEXT NOT NULL,
	parcel_identifier TEXT,
	map_sheet INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	area NUMERIC,
	purpose TEXT,
	address TEXT,
	point TEXT,
	commune_unit_code TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX parcel_past_commune_unit_code ON history.parcel (commune_unit_code);
CREATE INDEX parcel_past_parcel_identifier ON history.parcel (parcel_identifier);
CREATE INDEX parcel_past_parcel_number ON history.parcel (parcel_number);

CREATE TABLE history.payment (
	id BIGINT NOT NULL,
	payment_number TEXT NOT NULL,
	amount BIGINT NOT NULL,
	paid_on DATE NOT NULL,
	obligation_number TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX payment_past_obligation_number ON history.payment (obligation_number);
CREATE INDEX payment_past_payment_number ON history.payment (payment_number);

CREATE TABLE history.pension (
	id BIGINT NOT NULL,
	decision_number TEXT NOT NULL,
	social_insurance_number TEXT,
	kind TEXT NOT NULL,
	monthly_amount BIGINT NOT NULL,
	since DATE,
	until DATE,
	status TEXT NOT NULL,
	beneficiary_kind TEXT,
	beneficiary_name TEXT,
	beneficiary_birth_date TEXT,
	beneficiary_identifier TEXT,
	beneficiary_tax_code TEXT,
	beneficiary_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX pension_past_decision_number ON history.pension (decision_number);

CREATE TABLE history.planning_restriction (
	id BIGINT NOT NULL,
	restriction_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	decision_number TEXT,
	plan_name TEXT,
	affected_area NUMERIC,
	valid_from DATE,
	valid_until DATE,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX planning_restriction_past_restriction_number ON history.planning_restriction (restriction_number);

CREATE TABLE history.poor_household_entry (
	id BIGINT NOT NULL,
	entry_number TEXT NOT NULL,
	category TEXT NOT NULL,
	year INTEGER NOT NULL,
	member_count INTEGER,
	decision_number TEXT,
	decided_on DATE,
	household_kind TEXT,
	household_name TEXT,
	household_birth_date TEXT,
	household_identifier TEXT,
	household_tax_code TEXT,
	household_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX poor_household_entry_past_entry_number ON history.poor_household_entry (entry_number);

CREATE TABLE history.tax_exemption (
	id BIGINT NOT NULL,
	exemption_number TEXT NOT NULL,
	ground TEXT NOT NULL,
	amount BIGINT NOT NULL,
	decided_on DATE,
	obligation_number TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX tax_exemption_past_exemption_number ON history.tax_exemption (exemption_number);
CREATE INDEX tax_exemption_past_obligation_number ON history.tax_exemption (obligation_number);

CREATE TABLE history.tax_obligation (
	id BIGINT NOT NULL,
	obligation_number TEXT NOT NULL,
	kind TEXT NOT NULL,
	year INTEGER NOT NULL,
	amount BIGINT NOT NULL,
	paid_amount BIGINT,
	due_on DATE,
	status TEXT NOT NULL,
	transfer_slip_number TEXT,
	taxpayer_number TEXT,
	debtor_kind TEXT,
	debtor_name TEXT,
	debtor_birth_date TEXT,
	debtor_identifier TEXT,
	debtor_tax_code TEXT,
	debtor_address TEXT,
	parcel_number TEXT,
	parcel_identifier TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX tax_obligation_past_obligation_number ON history.tax_obligation (obligation_number);
CREATE INDEX tax_obligation_past_taxpayer_number ON history.tax_obligation (taxpayer_number);

CREATE TABLE history.taxpayer (
	id BIGINT NOT NULL,
	taxpayer_number TEXT NOT NULL,
	tax_code TEXT,
	kind TEXT NOT NULL,
	status TEXT NOT NULL,
	registered_on DATE,
	party_kind TEXT,
	party_name TEXT,
	party_birth_date TEXT,
	party_identifier TEXT,
	party_tax_code TEXT,
	party_address TEXT,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	run_id BIGINT NOT NULL,
	row_digest BIGINT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at_source TIMESTAMP WITH TIME ZONE,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id, sys_to)
);
CREATE INDEX taxpayer_past_taxpayer_number ON history.taxpayer (taxpayer_number);

CREATE TABLE hub.alarm (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	kind TEXT NOT NULL,
	principal TEXT,
	dossier_id BIGINT,
	details JSONB DEFAULT '{}' NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE,
	seen_by TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(dossier_id) REFERENCES hub.dossier (id)
);
CREATE INDEX alarm_unseen ON hub.alarm (at) WHERE seen_at is null;

CREATE TABLE hub.api_key (
	prefix TEXT NOT NULL,
	digest BYTEA NOT NULL,
	name TEXT NOT NULL,
	client_kind TEXT NOT NULL,
	offices TEXT[] DEFAULT '{}' NOT NULL,
	scopes TEXT[] DEFAULT '{}' NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	revoked_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (prefix),
	CONSTRAINT api_key_client_kind CHECK (client_kind in ('app', 'explorer')),
	CONSTRAINT api_key_digest CHECK (octet_length(digest) = 32)
);

CREATE TABLE hub.approval (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	stream_id SMALLINT NOT NULL,
	run_id BIGINT NOT NULL,
	entity TEXT,
	kind TEXT NOT NULL,
	rows BIGINT,
	held BIGINT,
	reason TEXT NOT NULL,
	requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by TEXT,
	approved BOOLEAN,
	used_by BIGINT,
	PRIMARY KEY (id),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id),
	FOREIGN KEY(run_id) REFERENCES hub.run (id),
	FOREIGN KEY(used_by) REFERENCES hub.run (id)
);
CREATE UNIQUE INDEX approval_open ON hub.approval (stream_id, kind, coalesce(entity, '')) WHERE decided_at is null;

CREATE TABLE hub.change (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	transaction BIGINT DEFAULT pg_current_xact_id()::text::bigint NOT NULL,
	entity TEXT NOT NULL,
	record_id BIGINT NOT NULL,
	action TEXT NOT NULL,
	subject_id BIGINT,
	stream_id SMALLINT,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX change_at ON hub.change USING brin (at);
CREATE INDEX change_transaction_id ON hub.change (transaction, id);

CREATE TABLE hub.circuit (
	connector TEXT NOT NULL,
	failures INTEGER NOT NULL,
	open_until TIMESTAMP WITH TIME ZONE,
	reason TEXT,
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (connector)
);

CREATE TABLE hub.correction (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	stream_id SMALLINT NOT NULL,
	entity TEXT NOT NULL,
	payload_hash TEXT NOT NULL,
	changes JSONB NOT NULL,
	note TEXT,
	made_by TEXT NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id)
);
CREATE UNIQUE INDEX correction_payload ON hub.correction (stream_id, entity, payload_hash);

CREATE TABLE hub.dossier (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	code TEXT NOT NULL,
	purpose TEXT NOT NULL,
	purpose_version TEXT NOT NULL,
	office TEXT NOT NULL,
	opened_by TEXT NOT NULL,
	acting_app TEXT,
	opened_via TEXT NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	ended_by TEXT,
	outcome TEXT,
	reason TEXT,
	emergency_reason TEXT,
	confirmed_by TEXT,
	confirmed_at TIMESTAMP WITH TIME ZONE,
	sender TEXT,
	pushed_version BIGINT,
	pushed_digest BYTEA,
	PRIMARY KEY (id),
	UNIQUE (code)
);
CREATE INDEX dossier_office ON hub.dossier (office, opened_at);

CREATE TABLE hub.dossier_push (
	sender TEXT NOT NULL,
	jti TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (sender, jti),
	FOREIGN KEY(sender) REFERENCES hub.dossier_sender (id)
);

CREATE TABLE hub.dossier_sender (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	algorithm TEXT NOT NULL,
	public_key JSONB NOT NULL,
	offices TEXT[] NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	revoked_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id)
);

CREATE TABLE hub.dossier_subject (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	dossier_id BIGINT NOT NULL,
	role TEXT NOT NULL,
	entity TEXT NOT NULL,
	subject_id BIGINT,
	field TEXT,
	value TEXT,
	added_by TEXT NOT NULL,
	added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(dossier_id) REFERENCES hub.dossier (id)
);
CREATE INDEX dossier_subject_dossier ON hub.dossier_subject (dossier_id);
CREATE INDEX dossier_subject_subject ON hub.dossier_subject (entity, subject_id);

CREATE TABLE hub.drift (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	stream_id SMALLINT NOT NULL,
	run_id BIGINT NOT NULL,
	kind TEXT NOT NULL,
	"column" TEXT NOT NULL,
	detail TEXT NOT NULL,
	grade TEXT NOT NULL,
	entities JSONB NOT NULL,
	procedures JSONB NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	last_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	resolved_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id),
	FOREIGN KEY(run_id) REFERENCES hub.run (id)
);
CREATE UNIQUE INDEX drift_open ON hub.drift (stream_id, kind, "column") WHERE resolved_at is null;

CREATE TABLE hub.event (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	transaction BIGINT DEFAULT pg_current_xact_id()::text::bigint NOT NULL,
	message_id UUID DEFAULT gen_random_uuid() NOT NULL,
	kind TEXT NOT NULL,
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	dossier_code TEXT,
	procedure TEXT,
	office TEXT,
	state TEXT NOT NULL,
	correction_id BIGINT,
	dependent TEXT,
	PRIMARY KEY (id)
);
CREATE INDEX event_at ON hub.event (at);
CREATE INDEX event_transaction_id ON hub.event (transaction, id);

CREATE TABLE hub.file (
	stream_id SMALLINT NOT NULL,
	digest TEXT NOT NULL,
	name TEXT NOT NULL,
	size BIGINT NOT NULL,
	run_id BIGINT NOT NULL,
	taken_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (stream_id, digest),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id),
	FOREIGN KEY(run_id) REFERENCES hub.run (id)
);

CREATE TABLE hub.inbox (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	connector TEXT NOT NULL,
	stream TEXT NOT NULL,
	delivery TEXT NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	body BYTEA,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX inbox_delivery ON hub.inbox (connector, delivery);
CREATE INDEX inbox_waiting ON hub.inbox (connector, stream, id) WHERE body is not null;

CREATE TABLE hub.link_run (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	mode TEXT,
	model_id BIGINT,
	basis TEXT,
	counts JSONB,
	changed INTEGER,
	queued BOOLEAN DEFAULT false NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE hub.lookup (
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	claimed_at TIMESTAMP WITH TIME ZONE,
	settled_at TIMESTAMP WITH TIME ZONE,
	status TEXT,
	confirmed_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (stream_id, source_key)
);
CREATE INDEX lookup_settled ON hub.lookup (settled_at);
CREATE INDEX lookup_waiting ON hub.lookup (stream_id, asked_at) WHERE settled_at is null and claimed_at is null;

CREATE TABLE hub.lookup_source (
	connector TEXT NOT NULL,
	tokens FLOAT NOT NULL,
	filled_at TIMESTAMP WITH TIME ZONE NOT NULL,
	failures INTEGER DEFAULT 0 NOT NULL,
	open_until TIMESTAMP WITH TIME ZONE,
	probe_until TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (connector)
);

CREATE TABLE hub.pace (
	connector TEXT NOT NULL,
	next_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (connector)
);

CREATE TABLE hub.paper_request (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	snapshot_id BIGINT NOT NULL,
	procedure TEXT NOT NULL,
	requirement TEXT NOT NULL,
	role TEXT,
	status TEXT NOT NULL,
	reasons TEXT[] NOT NULL,
	granted BOOLEAN NOT NULL,
	asked_by TEXT NOT NULL,
	acting_app TEXT,
	asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(snapshot_id) REFERENCES hub.prefill_snapshot (id)
);
CREATE INDEX paper_request_snapshot ON hub.paper_request (snapshot_id);

CREATE TABLE hub.prefill_snapshot (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	dossier_id BIGINT NOT NULL,
	procedure TEXT NOT NULL,
	procedure_version TEXT NOT NULL,
	declaration TEXT NOT NULL,
	roles TEXT[] NOT NULL,
	paths TEXT[] NOT NULL,
	outcomes JSONB NOT NULL,
	choices JSONB,
	people JSONB,
	answer BYTEA,
	digest BYTEA NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	hub_version TEXT NOT NULL,
	occasion TEXT NOT NULL,
	kept_by TEXT NOT NULL,
	acting_app TEXT,
	keep_days INTEGER NOT NULL,
	forgotten_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(dossier_id) REFERENCES hub.dossier (id)
);
CREATE INDEX prefill_snapshot_dossier ON hub.prefill_snapshot (dossier_id, id);
CREATE INDEX prefill_snapshot_remembered ON hub.prefill_snapshot (dossier_id) WHERE forgotten_at is null;

CREATE TABLE hub.quality_measure (
	snapshot_id BIGINT NOT NULL,
	series TEXT NOT NULL,
	metric TEXT NOT NULL,
	source TEXT,
	stream TEXT,
	entity TEXT,
	field TEXT,
	unit TEXT,
	procedure TEXT,
	requirement TEXT,
	rule TEXT,
	numerator BIGINT,
	denominator BIGINT,
	as_of TIMESTAMP WITH TIME ZONE,
	low DOUBLE PRECISION,
	high DOUBLE PRECISION,
	PRIMARY KEY (snapshot_id, series),
	FOREIGN KEY(snapshot_id) REFERENCES hub.quality_snapshot (id) ON DELETE CASCADE
);

CREATE TABLE hub.quality_snapshot (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	measured_at TIMESTAMP WITH TIME ZONE NOT NULL,
	seconds DOUBLE PRECISION NOT NULL,
	smallest_cell INTEGER NOT NULL,
	measures INTEGER NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX quality_snapshot_measured_at ON hub.quality_snapshot (measured_at);

CREATE TABLE hub.quarantine (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	stream_id SMALLINT NOT NULL,
	run_id BIGINT NOT NULL,
	entity TEXT NOT NULL,
	source_key TEXT,
	field TEXT,
	rule TEXT NOT NULL,
	reason TEXT NOT NULL,
	payload JSONB NOT NULL,
	payload_hash TEXT NOT NULL,
	connector_version TEXT NOT NULL,
	first_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	resolved_at TIMESTAMP WITH TIME ZONE,
	resolution TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id),
	FOREIGN KEY(run_id) REFERENCES hub.run (id)
);
CREATE UNIQUE INDEX quarantine_open ON hub.quarantine (stream_id, entity, payload_hash, rule) WHERE resolved_at is null;
CREATE INDEX quarantine_waiting ON hub.quarantine (stream_id, entity, source_key) WHERE resolved_at is null;

CREATE TABLE hub.quota (
	connector TEXT NOT NULL,
	window_start TIMESTAMP WITH TIME ZONE NOT NULL,
	used BIGINT NOT NULL,
	PRIMARY KEY (connector, window_start)
);

CREATE TABLE hub.reading_subject (
	principal TEXT NOT NULL,
	period BIGINT NOT NULL,
	entity TEXT NOT NULL,
	subject_id BIGINT NOT NULL,
	PRIMARY KEY (principal, period, entity, subject_id),
	FOREIGN KEY(principal) REFERENCES hub.reading_use (principal) ON DELETE CASCADE
);

CREATE TABLE hub.reading_use (
	principal TEXT NOT NULL,
	period BIGINT NOT NULL,
	minute_from TIMESTAMP WITH TIME ZONE NOT NULL,
	hour_from TIMESTAMP WITH TIME ZONE NOT NULL,
	reads BIGINT NOT NULL,
	subjects BIGINT NOT NULL,
	refusals BIGINT NOT NULL,
	misses BIGINT NOT NULL,
	met TEXT[] NOT NULL,
	PRIMARY KEY (principal)
);

CREATE TABLE hub.run (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	connector TEXT NOT NULL,
	connector_version TEXT NOT NULL,
	status TEXT NOT NULL,
	mode TEXT,
	reason TEXT,
	started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	counts JSONB,
	timings JSONB,
	drift JSONB,
	notes JSONB,
	PRIMARY KEY (id)
);
CREATE INDEX run_connector ON hub.run (connector, id);

CREATE TABLE hub.sealed_subject (
	entity TEXT NOT NULL,
	subject_id BIGINT NOT NULL,
	kind TEXT DEFAULT 'SEAL' NOT NULL,
	ground TEXT NOT NULL,
	sealed_by TEXT NOT NULL,
	sealed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	reason TEXT,
	PRIMARY KEY (entity, subject_id, kind)
);

CREATE TABLE hub.source_correction (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	record_entity TEXT NOT NULL,
	record_id BIGINT NOT NULL,
	field TEXT NOT NULL,
	held TEXT,
	claimed TEXT,
	claim_key TEXT NOT NULL,
	reason TEXT,
	origin TEXT NOT NULL,
	connector TEXT NOT NULL,
	stream_id SMALLINT,
	source_key TEXT,
	purpose TEXT,
	dossier_id BIGINT,
	opened_by TEXT NOT NULL,
	acting_app TEXT,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state TEXT NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	compared_from TIMESTAMP WITH TIME ZONE,
	decided_at TIMESTAMP WITH TIME ZONE,
	decided_by TEXT,
	answer TEXT,
	closed_at TIMESTAMP WITH TIME ZONE,
	to_send TEXT,
	next_try_at TIMESTAMP WITH TIME ZONE,
	answer_file TEXT,
	attempts SMALLINT DEFAULT 0 NOT NULL,
	failure TEXT,
	sent_at TIMESTAMP WITH TIME ZONE,
	reminders SMALLINT DEFAULT 0 NOT NULL,
	remind_at TIMESTAMP WITH TIME ZONE,
	forgotten_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(stream_id) REFERENCES hub.stream (id),
	FOREIGN KEY(dossier_id) REFERENCES hub.dossier (id)
);
CREATE INDEX source_correction_connector ON hub.source_correction (connector, id);
CREATE INDEX source_correction_dossier ON hub.source_correction (dossier_id);
CREATE INDEX source_correction_to_send ON hub.source_correction (next_try_at) WHERE to_send is not null;
CREATE UNIQUE INDEX source_correction_unsettled ON hub.source_correction (record_entity, record_id, field, claim_key) WHERE state in ('OPEN', 'SENT', 'ACKNOWLEDGED', 'REFUSED', 'REOPENED');

CREATE TABLE hub.source_correction_event (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	correction_id BIGINT NOT NULL,
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	event TEXT NOT NULL,
	state TEXT NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	by TEXT NOT NULL,
	note TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(correction_id) REFERENCES hub.source_correction (id)
);
CREATE INDEX source_correction_event_correction ON hub.source_correction_event (correction_id, id);

CREATE TABLE hub.stream (
	id SMALLINT GENERATED ALWAYS AS IDENTITY,
	connector TEXT NOT NULL,
	name TEXT NOT NULL,
	as_of TIMESTAMP WITH TIME ZONE,
	cursor JSONB,
	confirmed_at TIMESTAMP WITH TIME ZONE,
	columns JSONB,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX stream_connector_name ON hub.stream (connector, name);

CREATE TABLE hub.web_session (
	digest BYTEA NOT NULL,
	csrf_token TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	display_name TEXT NOT NULL,
	client_kind TEXT,
	roles TEXT[] NOT NULL,
	offices TEXT[] NOT NULL,
	scopes TEXT[] NOT NULL,
	personal_ids TEXT[] DEFAULT '{}' NOT NULL,
	id_token TEXT,
	started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (digest),
	CONSTRAINT web_session_digest CHECK (octet_length(digest) = 32)
);
CREATE INDEX web_session_expires_at ON hub.web_session (expires_at);
CREATE INDEX web_session_principal ON hub.web_session (principal_id);

CREATE TABLE hub.webhook_delivery (
	event_id BIGINT NOT NULL,
	endpoint_id TEXT NOT NULL,
	state TEXT DEFAULT 'WAITING' NOT NULL,
	attempts SMALLINT DEFAULT 0 NOT NULL,
	next_try_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	failure TEXT,
	ended_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (event_id, endpoint_id),
	FOREIGN KEY(event_id) REFERENCES hub.event (id) ON DELETE CASCADE,
	FOREIGN KEY(endpoint_id) REFERENCES hub.webhook_endpoint (id)
);
CREATE INDEX webhook_delivery_endpoint ON hub.webhook_delivery (endpoint_id, event_id);
CREATE INDEX webhook_delivery_unended ON hub.webhook_delivery (next_try_at) WHERE state <> 'DELIVERED';

CREATE TABLE hub.webhook_endpoint (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	kinds TEXT[] NOT NULL,
	procedures TEXT[] DEFAULT '{}' NOT NULL,
	offices TEXT[] DEFAULT '{}' NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	created_by TEXT NOT NULL,
	removed_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id)
);

CREATE TABLE ledger.checkpoint (
	number BIGINT NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	document BYTEA NOT NULL,
	heads BYTEA NOT NULL,
	signature BYTEA,
	closes DATE,
	PRIMARY KEY (number),
	UNIQUE (closes)
);

CREATE TABLE ledger.disclosure (
	month DATE NOT NULL,
	subject BYTEA NOT NULL,
	epoch UUID NOT NULL,
	number BIGINT NOT NULL,
	role TEXT NOT NULL,
	PRIMARY KEY (month, subject, epoch, number)
)
 PARTITION BY list (month);

CREATE TABLE ledger.epoch (
	id UUID NOT NULL,
	month DATE NOT NULL,
	begun_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	host TEXT NOT NULL,
	covered BOOLEAN DEFAULT false NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX epoch_open ON ledger.epoch (begun_at) WHERE ended_at IS NULL;
CREATE INDEX epoch_uncovered ON ledger.epoch (id) WHERE not covered;

CREATE TABLE ledger.month (
	first_day DATE NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	subject_key BYTEA,
	key_destroyed_at TIMESTAMP WITH TIME ZONE,
	dropped_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (first_day)
);

CREATE TABLE ledger.operation (
	hash BYTEA NOT NULL,
	paths BYTEA NOT NULL,
	PRIMARY KEY (hash)
);

CREATE TABLE ledger.record (
	month DATE NOT NULL,
	epoch UUID NOT NULL,
	number BIGINT NOT NULL,
	record BYTEA NOT NULL,
	hash BYTEA NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	principal TEXT NOT NULL,
	dossier TEXT,
	PRIMARY KEY (month, epoch, number)
)
 PARTITION BY list (month);
CREATE INDEX record_at ON ledger.record (at);
CREATE INDEX record_dossier ON ledger.record (dossier) WHERE dossier IS NOT NULL;
CREATE INDEX record_principal ON ledger.record (principal, at);

CREATE TABLE ledger.revoked_key (
	key TEXT NOT NULL,
	after BIGINT NOT NULL,
	revoked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (key)
);

CREATE TABLE ledger.timestamp_token (
	number BIGINT NOT NULL,
	token BYTEA NOT NULL,
	PRIMARY KEY (number)
);

CREATE TABLE ledger.witness (
	name TEXT NOT NULL,
	delivered BIGINT NOT NULL,
	delivered_at TIMESTAMP WITH TIME ZONE,
	failing_since TIMESTAMP WITH TIME ZONE,
	reason TEXT,
	PRIMARY KEY (name)
);

CREATE TABLE link.benefit_beneficiary (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX benefit_beneficiary_accepted ON link.benefit_beneficiary (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX benefit_beneficiary_found ON link.benefit_beneficiary (found_id);
CREATE INDEX benefit_beneficiary_open ON link.benefit_beneficiary (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX benefit_beneficiary_subject ON link.benefit_beneficiary (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.birth_notice_mother (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX birth_notice_mother_accepted ON link.birth_notice_mother (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX birth_notice_mother_found ON link.birth_notice_mother (found_id);
CREATE INDEX birth_notice_mother_open ON link.birth_notice_mother (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX birth_notice_mother_subject ON link.birth_notice_mother (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.birth_registration_child (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX birth_registration_child_accepted ON link.birth_registration_child (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX birth_registration_child_found ON link.birth_registration_child (found_id);
CREATE INDEX birth_registration_child_open ON link.birth_registration_child (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX birth_registration_child_subject ON link.birth_registration_child (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.birth_registration_father (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX birth_registration_father_accepted ON link.birth_registration_father (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX birth_registration_father_found ON link.birth_registration_father (found_id);
CREATE INDEX birth_registration_father_open ON link.birth_registration_father (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX birth_registration_father_subject ON link.birth_registration_father (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.birth_registration_mother (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX birth_registration_mother_accepted ON link.birth_registration_mother (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX birth_registration_mother_found ON link.birth_registration_mother (found_id);
CREATE INDEX birth_registration_mother_open ON link.birth_registration_mother (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX birth_registration_mother_subject ON link.birth_registration_mother (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.business_role_person (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX business_role_person_accepted ON link.business_role_person (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX business_role_person_found ON link.business_role_person (found_id);
CREATE INDEX business_role_person_open ON link.business_role_person (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX business_role_person_subject ON link.business_role_person (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.business_site_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX business_site_parcel_accepted ON link.business_site_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX business_site_parcel_found ON link.business_site_parcel (found_id);
CREATE INDEX business_site_parcel_open ON link.business_site_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX business_site_parcel_subject ON link.business_site_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.citizen_duplicate (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE INDEX citizen_duplicate_accepted ON link.citizen_duplicate (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX citizen_duplicate_found ON link.citizen_duplicate (found_id);
CREATE INDEX citizen_duplicate_open ON link.citizen_duplicate (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX citizen_duplicate_subject ON link.citizen_duplicate (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.considered (
	record_id BIGINT NOT NULL,
	entity TEXT NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id)
);

CREATE TABLE link.death_registration_deceased (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX death_registration_deceased_accepted ON link.death_registration_deceased (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX death_registration_deceased_found ON link.death_registration_deceased (found_id);
CREATE INDEX death_registration_deceased_open ON link.death_registration_deceased (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX death_registration_deceased_subject ON link.death_registration_deceased (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.decision (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	field TEXT NOT NULL,
	record_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	verdict TEXT NOT NULL,
	reviewer TEXT NOT NULL,
	reason TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	weight REAL,
	evidence JSONB,
	second_of BIGINT,
	undone_at TIMESTAMP WITH TIME ZONE,
	undone_by TEXT,
	undone_reason TEXT,
	PRIMARY KEY (id),
	FOREIGN KEY(second_of) REFERENCES link.decision (id)
);
CREATE UNIQUE INDEX decision_binding ON link.decision (field, record_id, subject_id) WHERE undone_at is null and second_of is null;
CREATE INDEX decision_record ON link.decision (record_id);
CREATE INDEX decision_second_of ON link.decision (second_of);

CREATE TABLE link.discrepancy (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	field TEXT NOT NULL,
	record_entity TEXT NOT NULL,
	record_id BIGINT NOT NULL,
	record_field TEXT NOT NULL,
	recorded TEXT NOT NULL,
	subject_kind TEXT NOT NULL,
	subject_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_field TEXT NOT NULL,
	held TEXT NOT NULL,
	kind TEXT NOT NULL,
	sector TEXT NOT NULL,
	stream_id SMALLINT NOT NULL,
	source_key TEXT COLLATE "C" NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id)
);
CREATE INDEX discrepancy_found ON link.discrepancy (found_id, id);
CREATE UNIQUE INDEX discrepancy_open ON link.discrepancy (record_id, field, record_field, subject_field) WHERE sys_to is null;
CREATE INDEX discrepancy_record ON link.discrepancy (record_id, id);
CREATE INDEX discrepancy_sector ON link.discrepancy (sector, id) WHERE sys_to is null;

CREATE TABLE link.encumbrance_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX encumbrance_parcel_accepted ON link.encumbrance_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX encumbrance_parcel_found ON link.encumbrance_parcel (found_id);
CREATE INDEX encumbrance_parcel_open ON link.encumbrance_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX encumbrance_parcel_subject ON link.encumbrance_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.health_insurance_card_holder (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX health_insurance_card_holder_accepted ON link.health_insurance_card_holder (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX health_insurance_card_holder_found ON link.health_insurance_card_holder (found_id);
CREATE INDEX health_insurance_card_holder_open ON link.health_insurance_card_holder (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX health_insurance_card_holder_subject ON link.health_insurance_card_holder (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.heir (
	subject_id BIGINT NOT NULL,
	heir_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (subject_id)
);
CREATE INDEX heir_heir ON link.heir (heir_id);

CREATE TABLE link.household_membership_member (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX household_membership_member_accepted ON link.household_membership_member (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX household_membership_member_found ON link.household_membership_member (found_id);
CREATE INDEX household_membership_member_open ON link.household_membership_member (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX household_membership_member_subject ON link.household_membership_member (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.land_transfer_slip_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX land_transfer_slip_parcel_accepted ON link.land_transfer_slip_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_parcel_found ON link.land_transfer_slip_parcel (found_id);
CREATE INDEX land_transfer_slip_parcel_open ON link.land_transfer_slip_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_parcel_subject ON link.land_transfer_slip_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.land_transfer_slip_transferee (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX land_transfer_slip_transferee_accepted ON link.land_transfer_slip_transferee (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_transferee_found ON link.land_transfer_slip_transferee (found_id);
CREATE INDEX land_transfer_slip_transferee_open ON link.land_transfer_slip_transferee (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_transferee_subject ON link.land_transfer_slip_transferee (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.land_transfer_slip_transferor (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX land_transfer_slip_transferor_accepted ON link.land_transfer_slip_transferor (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_transferor_found ON link.land_transfer_slip_transferor (found_id);
CREATE INDEX land_transfer_slip_transferor_open ON link.land_transfer_slip_transferor (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX land_transfer_slip_transferor_subject ON link.land_transfer_slip_transferor (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.land_use_right_holder (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX land_use_right_holder_accepted ON link.land_use_right_holder (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX land_use_right_holder_found ON link.land_use_right_holder (found_id);
CREATE INDEX land_use_right_holder_open ON link.land_use_right_holder (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX land_use_right_holder_subject ON link.land_use_right_holder (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.land_use_right_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX land_use_right_parcel_accepted ON link.land_use_right_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX land_use_right_parcel_found ON link.land_use_right_parcel (found_id);
CREATE INDEX land_use_right_parcel_open ON link.land_use_right_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX land_use_right_parcel_subject ON link.land_use_right_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.marital_status_person (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX marital_status_person_accepted ON link.marital_status_person (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX marital_status_person_found ON link.marital_status_person (found_id);
CREATE INDEX marital_status_person_open ON link.marital_status_person (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX marital_status_person_subject ON link.marital_status_person (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.marital_status_spouse (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX marital_status_spouse_accepted ON link.marital_status_spouse (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX marital_status_spouse_found ON link.marital_status_spouse (found_id);
CREATE INDEX marital_status_spouse_open ON link.marital_status_spouse (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX marital_status_spouse_subject ON link.marital_status_spouse (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.model (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	spec TEXT NOT NULL,
	version INTEGER NOT NULL,
	digest TEXT NOT NULL,
	trained_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	trained_on JSONB NOT NULL,
	body BYTEA NOT NULL,
	active BOOLEAN NOT NULL,
	origin TEXT DEFAULT 'TRAINED' NOT NULL,
	verdict TEXT DEFAULT 'ACCEPTED' NOT NULL,
	checks JSONB DEFAULT '[]' NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX model_active ON link.model (spec) WHERE active;
CREATE UNIQUE INDEX model_spec_version ON link.model (spec, version);

CREATE TABLE link.pension_beneficiary (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX pension_beneficiary_accepted ON link.pension_beneficiary (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX pension_beneficiary_found ON link.pension_beneficiary (found_id);
CREATE INDEX pension_beneficiary_open ON link.pension_beneficiary (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX pension_beneficiary_subject ON link.pension_beneficiary (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.planning_restriction_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX planning_restriction_parcel_accepted ON link.planning_restriction_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX planning_restriction_parcel_found ON link.planning_restriction_parcel (found_id);
CREATE INDEX planning_restriction_parcel_open ON link.planning_restriction_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX planning_restriction_parcel_subject ON link.planning_restriction_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.poor_household_entry_household (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX poor_household_entry_household_accepted ON link.poor_household_entry_household (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX poor_household_entry_household_found ON link.poor_household_entry_household (found_id);
CREATE INDEX poor_household_entry_household_open ON link.poor_household_entry_household (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX poor_household_entry_household_subject ON link.poor_household_entry_household (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.reading (
	kind TEXT NOT NULL,
	basis TEXT NOT NULL,
	body BYTEA NOT NULL,
	PRIMARY KEY (kind)
);

CREATE TABLE link.review (
	field TEXT COLLATE "C" NOT NULL,
	record_id BIGINT NOT NULL,
	kinds TEXT[] NOT NULL,
	candidates INTEGER NOT NULL,
	weight DOUBLE PRECISION,
	distance DOUBLE PRECISION NOT NULL,
	waiting BIGINT NOT NULL,
	value BIGINT NOT NULL,
	PRIMARY KEY (field, record_id)
);
CREATE INDEX review_order ON link.review ((- value), distance, field, record_id);

CREATE TABLE link.sample (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	month DATE NOT NULL,
	field TEXT NOT NULL,
	band TEXT NOT NULL,
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	weight REAL,
	evidence JSONB,
	offered BIGINT[] NOT NULL,
	shown BIGINT[] NOT NULL,
	drawn_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	void_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (id),
	FOREIGN KEY(month) REFERENCES link.sample_seed (month)
);
CREATE INDEX sample_month ON link.sample (month);
CREATE INDEX sample_pair ON link.sample (field, record_id, found_id);

CREATE TABLE link.sample_answer (
	sample_id BIGINT NOT NULL,
	reviewer TEXT NOT NULL,
	chosen_id BIGINT,
	verdict TEXT NOT NULL,
	reason TEXT NOT NULL,
	answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	decision_ids BIGINT[] NOT NULL,
	PRIMARY KEY (sample_id, reviewer),
	FOREIGN KEY(sample_id) REFERENCES link.sample (id)
);

CREATE TABLE link.sample_seed (
	month DATE NOT NULL,
	seed BIGINT NOT NULL,
	made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
	PRIMARY KEY (month)
);

CREATE TABLE link.tax_obligation_debtor (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX tax_obligation_debtor_accepted ON link.tax_obligation_debtor (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX tax_obligation_debtor_found ON link.tax_obligation_debtor (found_id);
CREATE INDEX tax_obligation_debtor_open ON link.tax_obligation_debtor (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX tax_obligation_debtor_subject ON link.tax_obligation_debtor (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.tax_obligation_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX tax_obligation_parcel_accepted ON link.tax_obligation_parcel (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX tax_obligation_parcel_found ON link.tax_obligation_parcel (found_id);
CREATE INDEX tax_obligation_parcel_open ON link.tax_obligation_parcel (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX tax_obligation_parcel_subject ON link.tax_obligation_parcel (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.taxpayer_party (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id)
);
CREATE UNIQUE INDEX taxpayer_party_accepted ON link.taxpayer_party (record_id) WHERE status <> 'UNCONFIRMED';
CREATE INDEX taxpayer_party_found ON link.taxpayer_party (found_id);
CREATE INDEX taxpayer_party_open ON link.taxpayer_party (record_id, weight) WHERE status = 'UNCONFIRMED';
CREATE INDEX taxpayer_party_subject ON link.taxpayer_party (subject_id, record_id) WHERE status <> 'UNCONFIRMED';

CREATE TABLE link.threshold (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	field TEXT NOT NULL,
	band TEXT NOT NULL,
	weight DOUBLE PRECISION NOT NULL,
	raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	raised_by TEXT NOT NULL,
	reason TEXT NOT NULL,
	evidence JSONB NOT NULL,
	undone_at TIMESTAMP WITH TIME ZONE,
	undone_by TEXT,
	undone_reason TEXT,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX threshold_active ON link.threshold (field, band) WHERE undone_at is null;

CREATE TABLE link_history.benefit_beneficiary (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX benefit_beneficiary_past_subject ON link_history.benefit_beneficiary (subject_id);

CREATE TABLE link_history.birth_notice_mother (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX birth_notice_mother_past_subject ON link_history.birth_notice_mother (subject_id);

CREATE TABLE link_history.birth_registration_child (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX birth_registration_child_past_subject ON link_history.birth_registration_child (subject_id);

CREATE TABLE link_history.birth_registration_father (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX birth_registration_father_past_subject ON link_history.birth_registration_father (subject_id);

CREATE TABLE link_history.birth_registration_mother (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX birth_registration_mother_past_subject ON link_history.birth_registration_mother (subject_id);

CREATE TABLE link_history.business_role_person (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX business_role_person_past_subject ON link_history.business_role_person (subject_id);

CREATE TABLE link_history.business_site_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX business_site_parcel_past_subject ON link_history.business_site_parcel (subject_id);

CREATE TABLE link_history.citizen_duplicate (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX citizen_duplicate_past_subject ON link_history.citizen_duplicate (subject_id);

CREATE TABLE link_history.death_registration_deceased (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX death_registration_deceased_past_subject ON link_history.death_registration_deceased (subject_id);

CREATE TABLE link_history.encumbrance_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX encumbrance_parcel_past_subject ON link_history.encumbrance_parcel (subject_id);

CREATE TABLE link_history.health_insurance_card_holder (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX health_insurance_card_holder_past_subject ON link_history.health_insurance_card_holder (subject_id);

CREATE TABLE link_history.heir (
	subject_id BIGINT NOT NULL,
	heir_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (subject_id, sys_to)
);
CREATE INDEX heir_past_heir ON link_history.heir (heir_id);

CREATE TABLE link_history.household_membership_member (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX household_membership_member_past_subject ON link_history.household_membership_member (subject_id);

CREATE TABLE link_history.land_transfer_slip_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX land_transfer_slip_parcel_past_subject ON link_history.land_transfer_slip_parcel (subject_id);

CREATE TABLE link_history.land_transfer_slip_transferee (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX land_transfer_slip_transferee_past_subject ON link_history.land_transfer_slip_transferee (subject_id);

CREATE TABLE link_history.land_transfer_slip_transferor (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX land_transfer_slip_transferor_past_subject ON link_history.land_transfer_slip_transferor (subject_id);

CREATE TABLE link_history.land_use_right_holder (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX land_use_right_holder_past_subject ON link_history.land_use_right_holder (subject_id);

CREATE TABLE link_history.land_use_right_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX land_use_right_parcel_past_subject ON link_history.land_use_right_parcel (subject_id);

CREATE TABLE link_history.marital_status_person (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX marital_status_person_past_subject ON link_history.marital_status_person (subject_id);

CREATE TABLE link_history.marital_status_spouse (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX marital_status_spouse_past_subject ON link_history.marital_status_spouse (subject_id);

CREATE TABLE link_history.pension_beneficiary (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX pension_beneficiary_past_subject ON link_history.pension_beneficiary (subject_id);

CREATE TABLE link_history.planning_restriction_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX planning_restriction_parcel_past_subject ON link_history.planning_restriction_parcel (subject_id);

CREATE TABLE link_history.poor_household_entry_household (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX poor_household_entry_household_past_subject ON link_history.poor_household_entry_household (subject_id);

CREATE TABLE link_history.tax_obligation_debtor (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX tax_obligation_debtor_past_subject ON link_history.tax_obligation_debtor (subject_id);

CREATE TABLE link_history.tax_obligation_parcel (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX tax_obligation_parcel_past_subject ON link_history.tax_obligation_parcel (subject_id);

CREATE TABLE link_history.taxpayer_party (
	record_id BIGINT NOT NULL,
	found_id BIGINT NOT NULL,
	subject_id BIGINT NOT NULL,
	subject_kind TEXT NOT NULL,
	status TEXT NOT NULL,
	method TEXT NOT NULL,
	confidence REAL,
	weight REAL,
	evidence JSONB,
	decided_by TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_from TIMESTAMP WITH TIME ZONE NOT NULL,
	sys_to TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (record_id, found_id, sys_to)
);
CREATE INDEX taxpayer_party_past_subject ON link_history.taxpayer_party (subject_id);
