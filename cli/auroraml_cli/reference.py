"""The program's help texts: options, backslash commands, variables, and the syntax of SQL statements."""

from __future__ import annotations

from auroraml_cli.subcommands import listing

OPTIONS = f"""auroraml-sql runs SQL as Aurora PostgreSQL has it, with the database in its own process.

Usage:
  auroraml-sql [OPTION]... [DBNAME [USERNAME]]
{listing()}
What to do:
  -c, --command=COMMAND    run one command string (SQL or a backslash command); may be repeated and mixed with -f
  -f, --file=FILENAME      run a file; - is the standard input
  -l, --list               list the databases
  -v, --set=, --variable=NAME=VALUE
                           set a variable (for example -v ON_ERROR_STOP=1)
  -V, --version            show the version
  -X, --no-psqlrc          do not read the start-up file (~/.auroramlrc)
  -1, --single-transaction
                           run all of -c and -f in one transaction
  -?, --help[=options]     show this text
      --help=commands      list the backslash commands
      --help=variables     list the special variables

Input and output:
  -a, --echo-all           show every line of a script
  -b, --echo-errors        show commands that fail
  -e, --echo-queries       show the commands sent
  -E, --echo-hidden        show the queries behind backslash commands
  -L, --log-file=FILENAME  write a log of the session too
  -n, --no-readline        no line editing
  -o, --output=FILENAME    send results to a file (or |pipe)
  -q, --quiet              results only
  -s, --single-step        ask before each command
  -S, --single-line        the end of a line ends a statement
      --progress           show progress on the standard error, terminal or not

Formats:
  -A, --no-align           unaligned
      --csv                CSV
      --json               JSON: an array of objects
  -F, --field-separator=STRING
                           the separator of unaligned fields (default "|")
  -H, --html               HTML
  -P, --pset=VAR[=ARG]     set an output option (see \\pset)
  -R, --record-separator=STRING
                           the separator of unaligned records (default newline)
  -t, --tuples-only        rows only
  -T, --table-attr=TEXT    attributes of HTML's table element
  -x, --expanded           one line a field
  -z, --field-separator-zero
                           a zero byte between unaligned fields
  -0, --record-separator-zero
                           a zero byte between unaligned records

Connection:
  -d, --dbname=DBNAME      the database (default "postgres"); also key=value strings and URIs
  -U, --username=USERNAME  the user (default "postgres")
  -h, --host=HOSTNAME      refused: servers cannot be reached yet
  -p, --port=PORT          a server's port
  -w, --no-password        never ask for a password
  -W, --password           accepted; embedded databases have no passwords

Services:
      --config=FILENAME    a TOML file with endpoints, services and parameters
      --services=KIND      embedded (default) or aws
      --record=FILENAME    keep all requests to services and their answers in a file
      --replay=FILENAME    answer from such a file; with --record of the same file, ask only what is missing
      --instance=KIND      the cluster's writer (default) or a reader, which refuses changes
"""
COMMANDS = """General
  \\copyright             the licence
  \\crosstabview [COLUMNS] run the query and pivot its result
  \\errverbose            the last error with all it carries
  \\explain [-o FILE] [QUERY]
                         run the query (or the last one), show its plan, calls and bill; -o: as a page
  \\g [(OPTIONS)] [FILE]  run the query, the result to a file or |pipe
  \\gdesc                 describe the query's result without running it
  \\gexec                 run the query, then each value of its result
  \\gset [PREFIX]         run the query, its row into variables
  \\gx [(OPTIONS)] [FILE] \\g with expanded output
  \\q                     quit
  \\watch [SEC]           run the query every SEC seconds

Help
  \\? [commands|options|variables]
  \\h [NAME]              syntax of SQL statements

Query buffer
  \\e [FILE] [LINE]       edit the buffer or a file
  \\ef [FUNCTION [LINE]]  edit a function
  \\ev [VIEW [LINE]]      edit a view
  \\p                     show the buffer
  \\r                     empty the buffer
  \\s [FILE]              show the history, or write it to a file
  \\w FILE                write the buffer to a file

Input and output
  \\copy ...              COPY with files of this side
  \\echo [-n] [TEXT]      write to the standard output
  \\i FILE                run a file
  \\ir FILE               run a file beside the one being read
  \\o [FILE]              send results to a file or |pipe
  \\qecho [-n] [TEXT]     write to where results go
  \\warn [-n] [TEXT]      write to the standard error

Conditions
  \\if EXPR  \\elif EXPR  \\else  \\endif

Objects (S: with system objects, +: with more about them)
  \\d[S+]                 tables, views, sequences
  \\d[S+] NAME            a table, view, sequence or index
  \\dA[+] [PATTERN]       access methods
  \\da[S] [PATTERN]       aggregates
  \\db[+] [PATTERN]       tablespaces
  \\dC[+] [PATTERN]       casts
  \\dd[S] [PATTERN]       descriptions
  \\dD[S+] [PATTERN]      domains
  \\ddp [PATTERN]         default privileges
  \\df[anptw][S+] [PATTERN] functions
  \\di[S+] [PATTERN]      indexes
  \\dL[S+] [PATTERN]      languages
  \\dm[S+] [PATTERN]      materialized views
  \\dn[S+] [PATTERN]      schemas
  \\do[S+] [PATTERN]      operators
  \\dO[S+] [PATTERN]      collations
  \\dp, \\z [PATTERN]      privileges
  \\dconfig[+] [PATTERN]  parameters
  \\drds [ROLE [DB]]      settings of roles and databases
  \\ds[S+] [PATTERN]      sequences
  \\dt[S+] [PATTERN]      tables
  \\dT[S+] [PATTERN]      types
  \\du[S+], \\dg [PATTERN] roles
  \\dv[S+] [PATTERN]      views
  \\dx[+] [PATTERN]       extensions
  \\dE \\dP \\dRp \\dRs \\dX \\des \\det \\deu \\dew \\dl \\dy
                         foreign tables and other objects that cannot be made here: always empty
  \\l[+] [PATTERN]        databases
  \\sf[+] FUNCTION        a function's definition
  \\sv[+] VIEW            a view's definition

Formats
  \\a                     aligned or unaligned
  \\C [TEXT]              title
  \\f [TEXT]              field separator
  \\H                     HTML
  \\pset [NAME [VALUE]]   output options
  \\t [on|off]            rows only
  \\T [TEXT]              attributes of HTML's table element
  \\x [on|off|auto]       expanded output

Connection
  \\c [DBNAME|- USER|-]   connect to another database or as another user
  \\conninfo              where we are connected
  \\encoding              the client's encoding
  \\password              refused: embedded roles have no passwords

System
  \\cd [DIR]              change the working directory
  \\getenv NAME ENVVAR    a variable from the environment
  \\setenv NAME [VALUE]   set or unset a variable of the environment
  \\timing [on|off]       show each statement's time
  \\! [COMMAND]           run a command or a shell

Variables
  \\prompt [TEXT] NAME    ask for a variable's value
  \\set [NAME [VALUE]]    set a variable, or list them
  \\unset NAME            unset a variable
"""
VARIABLES = """Variables that this program reads or sets (\\set NAME VALUE):

  AUTOCOMMIT             on: each statement is a transaction
  COMP_KEYWORD_CASE      the case of completed keywords
  DBNAME, USER           where we are connected
  ECHO                   what of the input is shown: all, errors, none, queries
  ECHO_HIDDEN            show the queries behind backslash commands: on, off, noexec
  ENCODING               the client's encoding
  ERROR                  true when the last statement failed
  FETCH_COUNT            accepted; results come whole
  HIDE_TABLEAM, HIDE_TOAST_COMPRESSION
                         leave access methods and compression out of listings
  HISTCONTROL            what the history leaves out
  HISTFILE, HISTSIZE     the history's file; its length is accepted and not enforced
  IGNOREEOF              how many ends of file end the program
  LAST_ERROR_MESSAGE, LAST_ERROR_SQLSTATE
                         the last error
  ON_ERROR_ROLLBACK      go on in a transaction after an error
  ON_ERROR_STOP          end a script at its first error
  PROMPT1, PROMPT2, PROMPT3
                         the prompts
  QUIET                  results only
  ROW_COUNT              rows of the last statement
  SERVER_VERSION_NAME, SERVER_VERSION_NUM
                         the version of PostgreSQL that is spoken
  SHELL_ERROR, SHELL_EXIT_CODE
                         how the last \\! ended
  SHOW_ALL_RESULTS       show all results of a string of statements
  SHOW_CONTEXT           when messages have a CONTEXT: never, errors, always
  SINGLELINE             the end of a line ends a statement
  SINGLESTEP             ask before each statement
  SQLSTATE               of the last statement
  VERBOSITY              default, verbose, terse, sqlstate
"""
