INSERT INTO customer SELECT g, 'Customer ' || g * 7919 % 3001, 'City ' || g % 60, 10000 + g % 60 * 3, date '2015-01-01' + g % 2000, array['t' || g % 9, 't' || g % 5] FROM generate_series(1, 3000) g;
INSERT INTO orders SELECT g, 1 + g * 7919 % 3000, timestamp '2020-01-01' + g * interval '40 minutes', (array['done','done','done','open','late'])[1 + g % 5], (g * 104729 % 100000) / 100.0, CASE WHEN g % 4 = 0 THEN 'note ' || g % 100 END FROM generate_series(1, 20000) g;
INSERT INTO item SELECT 1 + g / 3, 1 + g % 3, g * 7919 % 500, 1 + g % 7, (g * 7919 % 500) * 1.5 FROM generate_series(0, 29999) g;
