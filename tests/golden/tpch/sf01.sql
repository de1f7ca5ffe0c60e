CREATE TABLE region (
    r_regionkey bigint NOT NULL, r_name text NOT NULL, r_comment text,
    PRIMARY KEY (r_regionkey)
);
CREATE TABLE nation (
    n_nationkey bigint NOT NULL, n_name text NOT NULL, n_regionkey bigint NOT NULL, n_comment text,
    PRIMARY KEY (n_nationkey), FOREIGN KEY (n_regionkey) REFERENCES region
);
CREATE TABLE part (
    p_partkey bigint NOT NULL, p_name text NOT NULL, p_mfgr text NOT NULL, p_brand text NOT NULL, p_type text NOT NULL,
    p_size integer NOT NULL, p_container text NOT NULL, p_retailprice decimal(15,2) NOT NULL, p_comment text NOT NULL,
    PRIMARY KEY (p_partkey)
);
CREATE TABLE supplier (
    s_suppkey bigint NOT NULL, s_name text NOT NULL, s_address text NOT NULL, s_nationkey bigint NOT NULL, s_phone text NOT NULL,
    s_acctbal decimal(15,2) NOT NULL, s_comment text NOT NULL,
    PRIMARY KEY (s_suppkey), FOREIGN KEY (s_nationkey) REFERENCES nation
);
CREATE TABLE partsupp (
    ps_partkey bigint NOT NULL, ps_suppkey bigint NOT NULL, ps_availqty integer NOT NULL, ps_supplycost decimal(15,2) NOT NULL,
    ps_comment text NOT NULL,
    PRIMARY KEY (ps_partkey, ps_suppkey), FOREIGN KEY (ps_partkey) REFERENCES part, FOREIGN KEY (ps_suppkey) REFERENCES supplier
);
CREATE TABLE customer (
    c_custkey bigint NOT NULL, c_name text NOT NULL, c_address text NOT NULL, c_nationkey bigint NOT NULL, c_phone text NOT NULL,
    c_acctbal decimal(15,2) NOT NULL, c_mktsegment text NOT NULL, c_comment text NOT NULL,
    PRIMARY KEY (c_custkey), FOREIGN KEY (c_nationkey) REFERENCES nation
);
CREATE TABLE orders (
    o_orderkey bigint NOT NULL, o_custkey bigint NOT NULL, o_orderstatus text NOT NULL, o_totalprice decimal(15,2) NOT NULL,
    o_orderdate date NOT NULL, o_orderpriority text NOT NULL, o_clerk text NOT NULL, o_shippriority integer NOT NULL,
    o_comment text NOT NULL,
    PRIMARY KEY (o_orderkey), FOREIGN KEY (o_custkey) REFERENCES customer
);
CREATE TABLE lineitem (
    l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, l_linenumber integer NOT NULL,
    l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL, l_discount decimal(15,2) NOT NULL, l_tax decimal(15,2) NOT NULL,
    l_returnflag text NOT NULL, l_linestatus text NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL,
    l_shipinstruct text NOT NULL, l_shipmode text NOT NULL, l_comment text NOT NULL,
    PRIMARY KEY (l_orderkey, l_linenumber), FOREIGN KEY (l_orderkey) REFERENCES orders,
    FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp
);
CREATE INDEX ON nation (n_regionkey);
CREATE INDEX ON supplier (s_nationkey);
CREATE INDEX ON partsupp (ps_suppkey);
CREATE INDEX ON customer (c_nationkey);
CREATE INDEX ON orders (o_custkey);
CREATE INDEX ON lineitem (l_partkey);
CREATE INDEX ON lineitem (l_suppkey);
