

-- a comment first
SELECT 1,

   2,
   -- inside

   nope;
SELECT $$a

b$$,

 nope;
SELECT /* c

 d */

 nope; SELECT 'x' AS x, nope
 ;
   SELECT 1,
 nope
