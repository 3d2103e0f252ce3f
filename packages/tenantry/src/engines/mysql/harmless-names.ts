/** Reserved by every server, so that no stored function can be called by them without quotes. */
export const WORDS: ReadonlySet<string> = new Set(
  `select from where and or not xor in exists all as on using join union values by partition distinct having when
   then else between like rlike regexp index div mod is case match order group default char varchar binary varbinary decimal numeric float double int integer bigint`.split(
    /\s+/,
  ),
);

/**
 * Functions that leave nothing, and that every server with which this works knows itself: it looks for its own
 * before it looks for stored ones. What only some of them have (window functions, hashes that moved into components)
 * is left out, for elsewhere it may be somebody's own.
 */
export const FUNCTIONS: ReadonlySet<string> = new Set(
  `count sum avg min max std stddev stddev_pop stddev_samp variance var_pop var_samp bit_and bit_or bit_xor
   group_concat
   coalesce ifnull nullif if isnull greatest least interval cast convert
   abs ceil ceiling floor round truncate sign sqrt pow power exp ln log log2 log10 sin cos tan cot asin acos atan
   atan2 pi radians degrees crc32 conv bin oct hex unhex rand format
   lower lcase upper ucase length char_length character_length octet_length bit_length trim ltrim rtrim substring
   substr mid substring_index left right replace concat concat_ws repeat reverse space lpad rpad position locate
   instr insert strcmp field find_in_set elt make_set ascii ord quote soundex to_base64 from_base64
   now curdate curtime current_date current_time current_timestamp localtime localtimestamp sysdate utc_date
   utc_time utc_timestamp unix_timestamp from_unixtime date_add date_sub adddate subdate addtime subtime datediff
   timediff timestampdiff timestampadd date_format time_format str_to_date to_days from_days to_seconds
   sec_to_time time_to_sec makedate maketime period_add period_diff extract day dayname dayofmonth dayofweek
   dayofyear week weekday weekofyear yearweek month monthname quarter hour minute second microsecond last_day
   date time datetime timestamp year
   convert_tz get_format sha2 compress uncompress uncompressed_length
   uuid uuid_short inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv6
   json_array json_object json_extract json_unquote json_quote json_contains json_contains_path json_keys
   json_length json_depth json_type json_valid json_search json_set json_insert json_replace json_remove
   json_array_append json_array_insert
   database schema user current_user version connection_id row_count found_rows`.split(/\s+/),
);
