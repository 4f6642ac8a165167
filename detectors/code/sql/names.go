package sql

import "strings"

// keywords may stand before a parenthesis without calling anything.
var keywords = words(`
select distinct all from where having by on using join lateral apply in any some exists not and or is like ilike
similar between when then else case values over as with recursive materialized union except intersect minus
returning limit offset top fetch qualify filter group within sets rollup cube escape partition
index key for use force tablesample bernoulli option pivot unpivot columns match_recognize measures define pattern nested
window into operator exclude rlike regexp glob against only explain analyze
`)

// clauses are keywords in front of a parenthesis in statements that are no
// queries.
var clauses = words(`
add always buckets check cluster clustered column conflict constraint default directory distkey foreign generated identity
include inherits options overwrite partitioned primary references rows set sortkey start stored table
tblproperties to unique view
`)

// pure are the functions and types that change nothing, of all dialects. A
// function belongs here only if every dialect that has it agrees. Taken from
// the function references of PostgreSQL, MySQL, SQLite, SQL Server, Oracle,
// BigQuery, Snowflake, DuckDB, Spark and ClickHouse.
var pure = words(`
count sum avg min max total stddev stddev_pop stddev_samp stdev stdevp var varp variance variance_pop variance_samp
var_pop var_samp corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy bool_and bool_or every bit_and bit_or bit_xor any_value arg_max arg_min max_by min_by mode median
percentile percentile_cont percentile_disc percentile_approx approx_percentile quantile quantile_cont quantile_disc
approx_count_distinct approx_quantile approx_quantiles approx_top_count count_if countif count_big sum_if sumif avgif
uniq uniqexact kurtosis skewness entropy histogram checksum_agg hll_count string_agg group_concat listagg wm_concat
array_agg array_concat_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_arrayagg json_objectagg
json_group_array json_group_object xmlagg object_agg first last grouping grouping_id collect_list collect_set

row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value ratio_to_report

abs acos acosh asin asinh atan atan2 atanh atn2 cbrt ceil ceiling cos cosh cot coth csc csch sec sech degrees div exp
factorial floor gcd lcm ln log log10 log2 log1p expm1 mod pi pow power quotient radians rand random round sign signum
sin sinh sqrt square tan tanh trunc truncate width_bucket greatest least isnan is_nan is_inf safe_divide bit_count
bitand bitor bitxor bitnot shiftleft shiftright numnonnulls scale trim_scale crc32 cosine_distance cosine_similarity
euclidean_distance l2_distance inner_product st_area st_distance st_contains st_within st_intersects st_x st_y
st_astext st_asgeojson st_geomfromtext st_point st_makepoint st_dwithin st_setsrid st_transform st_buffer st_length

ascii bit_length char char_length character_length charindex chr concat concat_ws contains difference edit_distance
elt ends_with endswith export_set field find_in_set format format_string formatmessage from_base64 to_base64 hex unhex
initcap insert instr lcase left len length levenshtein locate lower lpad ltrim mid nchar normalize oct octet_length ord
overlay parsename patindex position printf quote quotename quote_ident quote_literal quote_nullable regexp_contains
regexp_count regexp_extract regexp_extract_all regexp_instr regexp_like regexp_match regexp_matches regexp_replace
regexp_split_to_array regexp_split_to_table regexp_substr repeat replace replicate reverse right rpad rtrim similarity
soundex space split split_part starts_with startswith str strcmp string_split string_to_array string_to_table strpos
stuff substr substring substring_index textcat to_char to_hex translate trim ucase unaccent unicode unistr upper
weight_string word_similarity btrim strip_accents jaro_winkler_similarity damerau_levenshtein metaphone dmetaphone
md5 sha sha1 sha2 sha224 sha256 sha384 sha512 hashbytes checksum binary_checksum encode decode digest hash farm_fingerprint
compress uncompress to_ascii convert convert_from convert_to collate

adddate addtime age add_months clock_timestamp convert_tz curdate current_date current_time current_timestamp curtime
date date_add date_bin date_diff date_format date_part date_sub date_trunc dateadd datediff datediff_big datefromparts
datename datepart datetime datetime2fromparts datetime_add datetime_diff datetime_sub datetime_trunc datetimefromparts
day dayname dayofmonth dayofweek dayofyear eomonth epoch epoch_ms extract format_date format_datetime format_timestamp
from_days from_unixtime from_tz getdate getutcdate hour isdate isfinite julianday julian justify_days justify_hours
justify_interval last_day localtime localtimestamp make_date make_interval make_time make_timestamp make_timestamptz
makedate maketime microsecond millisecond minute month monthname months_between new_time next_day now
numtodsinterval numtoyminterval parse_date parse_datetime parse_timestamp period_add period_diff quarter sec_to_time
second statement_timestamp str_to_date strftime strptime subdate subtime switchoffset sysdate sysdatetime
sysdatetimeoffset systimestamp sysutcdatetime time time_bucket time_format time_to_sec timediff timefromparts
timeofday timestamp timestamp_add timestamp_diff timestamp_micros timestamp_millis timestamp_seconds timestamp_sub
timestamp_trunc timestampadd timestampdiff timezone to_date to_days to_seconds to_time to_timestamp to_timestamp_tz
todatetimeoffset transaction_timestamp unix_timestamp unixepoch unix_date utc_date utc_time utc_timestamp week weekday
weekofyear year yearweek tz_offset generate_date_array generate_timestamp_array datetrunc

cast try_cast safe_cast try_convert parse try_parse coalesce nullif ifnull nvl nvl2 isnull zeroifnull iif if choose decode
isnumeric typeof pg_typeof to_number to_json to_jsonb to_binary to_clob to_nchar to_varchar to_decimal to_double
to_boolean try_to_number try_to_date inet_aton inet_ntoa inet6_aton inet6_ntoa host network masklen family abbrev
bin conv interval cardinality validate_utf8

array array_append array_cat array_concat array_contains array_dims array_distinct array_except array_fill array_intersect
array_join array_length array_lower array_max array_min array_ndims array_position array_positions array_prepend
array_remove array_replace array_reverse array_slice array_size array_sort array_sum array_to_json array_to_string
array_union array_unique array_upper arrayjoin cardinality element_at explode explode_outer posexplode flatten
generate_array generate_series generate_subscripts inline list list_agg list_contains list_distinct list_sort
list_value map map_keys map_values named_struct row size sort_array struct struct_pack struct_extract sequence trim_array
unnest range slice array_any array_all

json json_array json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
json_contains json_contains_path json_each json_each_text json_exists json_extract json_extract_array json_extract_path
json_extract_path_text json_extract_scalar json_extract_string json_insert json_keys json_length json_merge_patch
json_modify json_object json_object_keys json_overlaps json_patch json_pretty json_query json_query_array json_quote
json_remove json_replace json_search json_set json_strip_nulls json_table json_to_record json_to_recordset json_tree
json_type json_typeof json_unquote json_valid json_value json_value_array jsonb jsonb_array_elements
jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
jsonb_exists jsonb_extract jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists
jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls
jsonb_to_record jsonb_to_recordset jsonb_typeof isjson openjson get_json_object parse_json try_parse_json get_path row_to_json
to_json_string object_construct jsonextractstring jsonextractint jsonextractfloat xmlelement xmlforest xpath xpath_exists
xmlparse xmlserialize extractvalue

to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight
tsvector_to_array numnode querytree strip highlight snippet bm25 match freetext containstable freetexttable

current_catalog current_database current_role current_schema current_schemas current_setting current_user connection_id
database db_name db_id has_column_privilege has_database_privilege has_function_privilege has_schema_privilege
has_table_privilege host_name object_definition object_id object_name object_schema_name schema schema_name session_user
suser_name suser_sname system_user user user_name version sqlite_version inet_client_addr inet_server_addr pg_backend_pid
pg_column_size pg_database_size pg_encoding_to_char pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef
pg_get_keywords pg_get_ruledef pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
pg_indexes_size pg_is_in_recovery pg_postmaster_start_time pg_relation_size pg_size_pretty pg_stat_get_activity
pg_table_is_visible pg_table_size pg_tablespace_location pg_total_relation_size obj_description col_description
format_type shobj_description to_regclass to_regproc to_regtype currval lastval sys_context userenv databasepropertyex
serverproperty objectproperty columnproperty col_name col_length index_col scope_identity ident_current row_count
found_rows changes total_changes last_insert_rowid error_message error_number pragma_table_info pragma_index_list
pragma_index_info pragma_foreign_key_list pragma_table_list pragma_database_list duckdb_tables duckdb_columns

gen_random_uuid uuid uuid_generate_v4 newid sys_guid uuid_short generate_uuid randomblob zeroblob random_bytes

bigint binary bit blob bool boolean bytea bytes character clob dec decimal double enum float float64 int int64 integer
nchar nclob number numeric nvarchar nvarchar2 raw real signed smallint string text timestamptz timetz tinyint unsigned
varbinary varchar varchar2 varying vector zone bpchar decimal256 fixedstring datetime2 datetimeoffset
`)

// words makes a set of the words of a list.
func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}
