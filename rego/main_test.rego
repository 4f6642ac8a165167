package callgate.main_test
