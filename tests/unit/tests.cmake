# One line for each room's unit tests.
cdcsim_unit_test(topic_log_test unit/topic_log_test.cc)
cdcsim_unit_test(psql_test unit/psql_test.cc)
cdcsim_unit_test(numbers_test unit/numbers_test.cc)
cdcsim_unit_test(evaluate_test unit/evaluate_test.cc)
cdcsim_unit_test(datetime_test unit/datetime_test.cc)
cdcsim_unit_test(scenario_test unit/scenario_test.cc)
cdcsim_unit_test(text_test unit/text_test.cc)
