INSERT INTO t VALUES (3, 'c'),
  (1, 'again');
