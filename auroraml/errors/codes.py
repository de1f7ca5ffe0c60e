"""One class per SQLSTATE of PostgreSQL 15, Appendix A (recorded by tools/record_catalog.py)."""

from __future__ import annotations

from auroraml.errors.base import DataError, DatabaseError, IntegrityError, InternalError, NotSupportedError, OperationalError, ProgrammingError


class SqlStatementNotYetComplete(DatabaseError, sqlstate="03000"):
    """Sql statement not yet complete."""


class ConnectionException(DatabaseError, sqlstate="08000"):
    """Connection exception."""


class ConnectionDoesNotExist(DatabaseError, sqlstate="08003"):
    """Connection does not exist."""


class ConnectionFailure(DatabaseError, sqlstate="08006"):
    """Connection failure."""


class SqlclientUnableToEstablishSqlconnection(DatabaseError, sqlstate="08001"):
    """Sqlclient unable to establish sqlconnection."""


class SqlserverRejectedEstablishmentOfSqlconnection(DatabaseError, sqlstate="08004"):
    """Sqlserver rejected establishment of sqlconnection."""


class TransactionResolutionUnknown(DatabaseError, sqlstate="08007"):
    """Transaction resolution unknown."""


class ProtocolViolation(DatabaseError, sqlstate="08P01"):
    """Protocol violation."""


class TriggeredActionException(DatabaseError, sqlstate="09000"):
    """Triggered action exception."""


class FeatureNotSupported(NotSupportedError, sqlstate="0A000"):
    """Feature not supported."""


class InvalidTransactionInitiation(DatabaseError, sqlstate="0B000"):
    """Invalid transaction initiation."""


class LocatorException(DatabaseError, sqlstate="0F000"):
    """Locator exception."""


class InvalidLocatorSpecification(DatabaseError, sqlstate="0F001"):
    """Invalid locator specification."""


class InvalidGrantor(DatabaseError, sqlstate="0L000"):
    """Invalid grantor."""


class InvalidGrantOperation(DatabaseError, sqlstate="0LP01"):
    """Invalid grant operation."""


class InvalidRoleSpecification(DatabaseError, sqlstate="0P000"):
    """Invalid role specification."""


class DiagnosticsException(DatabaseError, sqlstate="0Z000"):
    """Diagnostics exception."""


class StackedDiagnosticsAccessedWithoutActiveHandler(DatabaseError, sqlstate="0Z002"):
    """Stacked diagnostics accessed without active handler."""


class CaseNotFound(ProgrammingError, sqlstate="20000"):
    """Case not found."""


class CardinalityViolation(ProgrammingError, sqlstate="21000"):
    """Cardinality violation."""


class DataException(DataError, sqlstate="22000"):
    """Data exception."""


class ArraySubscriptError(DataError, sqlstate="2202E"):
    """Array subscript error."""


class CharacterNotInRepertoire(DataError, sqlstate="22021"):
    """Character not in repertoire."""


class DatetimeFieldOverflow(DataError, sqlstate="22008"):
    """Datetime field overflow."""


class DivisionByZero(DataError, sqlstate="22012"):
    """Division by zero."""


class ErrorInAssignment(DataError, sqlstate="22005"):
    """Error in assignment."""


class EscapeCharacterConflict(DataError, sqlstate="2200B"):
    """Escape character conflict."""


class IndicatorOverflow(DataError, sqlstate="22022"):
    """Indicator overflow."""


class IntervalFieldOverflow(DataError, sqlstate="22015"):
    """Interval field overflow."""


class InvalidArgumentForLogarithm(DataError, sqlstate="2201E"):
    """Invalid argument for logarithm."""


class InvalidArgumentForNtileFunction(DataError, sqlstate="22014"):
    """Invalid argument for ntile function."""


class InvalidArgumentForNthValueFunction(DataError, sqlstate="22016"):
    """Invalid argument for nth value function."""


class InvalidArgumentForPowerFunction(DataError, sqlstate="2201F"):
    """Invalid argument for power function."""


class InvalidArgumentForWidthBucketFunction(DataError, sqlstate="2201G"):
    """Invalid argument for width bucket function."""


class InvalidCharacterValueForCast(DataError, sqlstate="22018"):
    """Invalid character value for cast."""


class InvalidDatetimeFormat(DataError, sqlstate="22007"):
    """Invalid datetime format."""


class InvalidEscapeCharacter(DataError, sqlstate="22019"):
    """Invalid escape character."""


class InvalidEscapeOctet(DataError, sqlstate="2200D"):
    """Invalid escape octet."""


class InvalidEscapeSequence(DataError, sqlstate="22025"):
    """Invalid escape sequence."""


class NonstandardUseOfEscapeCharacter(DataError, sqlstate="22P06"):
    """Nonstandard use of escape character."""


class InvalidIndicatorParameterValue(DataError, sqlstate="22010"):
    """Invalid indicator parameter value."""


class InvalidParameterValue(DataError, sqlstate="22023"):
    """Invalid parameter value."""


class InvalidPrecedingOrFollowingSize(DataError, sqlstate="22013"):
    """Invalid preceding or following size."""


class InvalidRegularExpression(DataError, sqlstate="2201B"):
    """Invalid regular expression."""


class InvalidRowCountInLimitClause(DataError, sqlstate="2201W"):
    """Invalid row count in limit clause."""


class InvalidRowCountInResultOffsetClause(DataError, sqlstate="2201X"):
    """Invalid row count in result offset clause."""


class InvalidTablesampleArgument(DataError, sqlstate="2202H"):
    """Invalid tablesample argument."""


class InvalidTablesampleRepeat(DataError, sqlstate="2202G"):
    """Invalid tablesample repeat."""


class InvalidTimeZoneDisplacementValue(DataError, sqlstate="22009"):
    """Invalid time zone displacement value."""


class InvalidUseOfEscapeCharacter(DataError, sqlstate="2200C"):
    """Invalid use of escape character."""


class MostSpecificTypeMismatch(DataError, sqlstate="2200G"):
    """Most specific type mismatch."""


class NullValueNotAllowed(DataError, sqlstate="22004"):
    """Null value not allowed."""


class NullValueNoIndicatorParameter(DataError, sqlstate="22002"):
    """Null value no indicator parameter."""


class NumericValueOutOfRange(DataError, sqlstate="22003"):
    """Numeric value out of range."""


class SequenceGeneratorLimitExceeded(DataError, sqlstate="2200H"):
    """Sequence generator limit exceeded."""


class StringDataLengthMismatch(DataError, sqlstate="22026"):
    """String data length mismatch."""


class StringDataRightTruncation(DataError, sqlstate="22001"):
    """String data right truncation."""


class SubstringError(DataError, sqlstate="22011"):
    """Substring error."""


class TrimError(DataError, sqlstate="22027"):
    """Trim error."""


class UnterminatedCString(DataError, sqlstate="22024"):
    """Unterminated c string."""


class ZeroLengthCharacterString(DataError, sqlstate="2200F"):
    """Zero length character string."""


class FloatingPointException(DataError, sqlstate="22P01"):
    """Floating point exception."""


class InvalidTextRepresentation(DataError, sqlstate="22P02"):
    """Invalid text representation."""


class InvalidBinaryRepresentation(DataError, sqlstate="22P03"):
    """Invalid binary representation."""


class BadCopyFileFormat(DataError, sqlstate="22P04"):
    """Bad copy file format."""


class UntranslatableCharacter(DataError, sqlstate="22P05"):
    """Untranslatable character."""


class DatumVersionMismatch(DataError, sqlstate="22P07"):
    """Datum version mismatch."""


class NotAnXmlDocument(DataError, sqlstate="2200L"):
    """Not an xml document."""


class InvalidXmlDocument(DataError, sqlstate="2200M"):
    """Invalid xml document."""


class InvalidXmlContent(DataError, sqlstate="2200N"):
    """Invalid xml content."""


class InvalidXmlComment(DataError, sqlstate="2200S"):
    """Invalid xml comment."""


class InvalidXmlProcessingInstruction(DataError, sqlstate="2200T"):
    """Invalid xml processing instruction."""


class DuplicateJsonObjectKeyValue(DataError, sqlstate="22030"):
    """Duplicate json object key value."""


class InvalidArgumentForSqlJsonDatetimeFunction(DataError, sqlstate="22031"):
    """Invalid argument for sql json datetime function."""


class InvalidJsonText(DataError, sqlstate="22032"):
    """Invalid json text."""


class InvalidSqlJsonSubscript(DataError, sqlstate="22033"):
    """Invalid sql json subscript."""


class MoreThanOneSqlJsonItem(DataError, sqlstate="22034"):
    """More than one sql json item."""


class NoSqlJsonItem(DataError, sqlstate="22035"):
    """No sql json item."""


class NonNumericSqlJsonItem(DataError, sqlstate="22036"):
    """Non numeric sql json item."""


class NonUniqueKeysInAJsonObject(DataError, sqlstate="22037"):
    """Non unique keys in a json object."""


class SingletonSqlJsonItemRequired(DataError, sqlstate="22038"):
    """Singleton sql json item required."""


class SqlJsonArrayNotFound(DataError, sqlstate="22039"):
    """Sql json array not found."""


class SqlJsonMemberNotFound(DataError, sqlstate="2203A"):
    """Sql json member not found."""


class SqlJsonNumberNotFound(DataError, sqlstate="2203B"):
    """Sql json number not found."""


class SqlJsonObjectNotFound(DataError, sqlstate="2203C"):
    """Sql json object not found."""


class TooManyJsonArrayElements(DataError, sqlstate="2203D"):
    """Too many json array elements."""


class TooManyJsonObjectMembers(DataError, sqlstate="2203E"):
    """Too many json object members."""


class SqlJsonScalarRequired(DataError, sqlstate="2203F"):
    """Sql json scalar required."""


class SqlJsonItemCannotBeCastToTargetType(DataError, sqlstate="2203G"):
    """Sql json item cannot be cast to target type."""


class IntegrityConstraintViolation(IntegrityError, sqlstate="23000"):
    """Integrity constraint violation."""


class RestrictViolation(IntegrityError, sqlstate="23001"):
    """Restrict violation."""


class NotNullViolation(IntegrityError, sqlstate="23502"):
    """Not null violation."""


class ForeignKeyViolation(IntegrityError, sqlstate="23503"):
    """Foreign key violation."""


class UniqueViolation(IntegrityError, sqlstate="23505"):
    """Unique violation."""


class CheckViolation(IntegrityError, sqlstate="23514"):
    """Check violation."""


class ExclusionViolation(IntegrityError, sqlstate="23P01"):
    """Exclusion violation."""


class InvalidCursorState(InternalError, sqlstate="24000"):
    """Invalid cursor state."""


class InvalidTransactionState(InternalError, sqlstate="25000"):
    """Invalid transaction state."""


class ActiveSqlTransaction(InternalError, sqlstate="25001"):
    """Active sql transaction."""


class BranchTransactionAlreadyActive(InternalError, sqlstate="25002"):
    """Branch transaction already active."""


class HeldCursorRequiresSameIsolationLevel(InternalError, sqlstate="25008"):
    """Held cursor requires same isolation level."""


class InappropriateAccessModeForBranchTransaction(InternalError, sqlstate="25003"):
    """Inappropriate access mode for branch transaction."""


class InappropriateIsolationLevelForBranchTransaction(InternalError, sqlstate="25004"):
    """Inappropriate isolation level for branch transaction."""


class NoActiveSqlTransactionForBranchTransaction(InternalError, sqlstate="25005"):
    """No active sql transaction for branch transaction."""


class ReadOnlySqlTransaction(InternalError, sqlstate="25006"):
    """Read only sql transaction."""


class SchemaAndDataStatementMixingNotSupported(InternalError, sqlstate="25007"):
    """Schema and data statement mixing not supported."""


class NoActiveSqlTransaction(InternalError, sqlstate="25P01"):
    """No active sql transaction."""


class InFailedSqlTransaction(InternalError, sqlstate="25P02"):
    """In failed sql transaction."""


class IdleInTransactionSessionTimeout(InternalError, sqlstate="25P03"):
    """Idle in transaction session timeout."""


class InvalidSqlStatementName(ProgrammingError, sqlstate="26000"):
    """Invalid sql statement name."""


class TriggeredDataChangeViolation(OperationalError, sqlstate="27000"):
    """Triggered data change violation."""


class InvalidAuthorizationSpecification(OperationalError, sqlstate="28000"):
    """Invalid authorization specification."""


class InvalidPassword(OperationalError, sqlstate="28P01"):
    """Invalid password."""


class DependentPrivilegeDescriptorsStillExist(InternalError, sqlstate="2B000"):
    """Dependent privilege descriptors still exist."""


class DependentObjectsStillExist(InternalError, sqlstate="2BP01"):
    """Dependent objects still exist."""


class InvalidTransactionTermination(InternalError, sqlstate="2D000"):
    """Invalid transaction termination."""


class SqlRoutineException(OperationalError, sqlstate="2F000"):
    """Sql routine exception."""


class FunctionExecutedNoReturnStatement(OperationalError, sqlstate="2F005"):
    """Function executed no return statement."""


class ModifyingSqlDataNotPermitted(OperationalError, sqlstate="2F002"):
    """Modifying sql data not permitted."""


class ProhibitedSqlStatementAttempted(OperationalError, sqlstate="2F003"):
    """Prohibited sql statement attempted."""


class ReadingSqlDataNotPermitted(OperationalError, sqlstate="2F004"):
    """Reading sql data not permitted."""


class InvalidCursorName(ProgrammingError, sqlstate="34000"):
    """Invalid cursor name."""


class ExternalRoutineException(OperationalError, sqlstate="38000"):
    """External routine exception."""


class ContainingSqlNotPermitted(OperationalError, sqlstate="38001"):
    """Containing sql not permitted."""


class ModifyingSqlDataNotPermittedExt(OperationalError, sqlstate="38002"):
    """Modifying sql data not permitted."""


class ProhibitedSqlStatementAttemptedExt(OperationalError, sqlstate="38003"):
    """Prohibited sql statement attempted."""


class ReadingSqlDataNotPermittedExt(OperationalError, sqlstate="38004"):
    """Reading sql data not permitted."""


class ExternalRoutineInvocationException(OperationalError, sqlstate="39000"):
    """External routine invocation exception."""


class InvalidSqlstateReturned(OperationalError, sqlstate="39001"):
    """Invalid sqlstate returned."""


class NullValueNotAllowedExt(OperationalError, sqlstate="39004"):
    """Null value not allowed."""


class TriggerProtocolViolated(OperationalError, sqlstate="39P01"):
    """Trigger protocol violated."""


class SrfProtocolViolated(OperationalError, sqlstate="39P02"):
    """Srf protocol violated."""


class EventTriggerProtocolViolated(OperationalError, sqlstate="39P03"):
    """Event trigger protocol violated."""


class SavepointException(OperationalError, sqlstate="3B000"):
    """Savepoint exception."""


class InvalidSavepointSpecification(OperationalError, sqlstate="3B001"):
    """Invalid savepoint specification."""


class InvalidCatalogName(ProgrammingError, sqlstate="3D000"):
    """Invalid catalog name."""


class InvalidSchemaName(ProgrammingError, sqlstate="3F000"):
    """Invalid schema name."""


class TransactionRollback(OperationalError, sqlstate="40000"):
    """Transaction rollback."""


class TransactionIntegrityConstraintViolation(OperationalError, sqlstate="40002"):
    """Transaction integrity constraint violation."""


class SerializationFailure(OperationalError, sqlstate="40001"):
    """Serialization failure."""


class StatementCompletionUnknown(OperationalError, sqlstate="40003"):
    """Statement completion unknown."""


class DeadlockDetected(OperationalError, sqlstate="40P01"):
    """Deadlock detected."""


class SyntaxErrorOrAccessRuleViolation(ProgrammingError, sqlstate="42000"):
    """Syntax error or access rule violation."""


class SyntaxError(ProgrammingError, sqlstate="42601"):
    """Syntax error."""


class InsufficientPrivilege(ProgrammingError, sqlstate="42501"):
    """Insufficient privilege."""


class CannotCoerce(ProgrammingError, sqlstate="42846"):
    """Cannot coerce."""


class GroupingError(ProgrammingError, sqlstate="42803"):
    """Grouping error."""


class WindowingError(ProgrammingError, sqlstate="42P20"):
    """Windowing error."""


class InvalidRecursion(ProgrammingError, sqlstate="42P19"):
    """Invalid recursion."""


class InvalidForeignKey(ProgrammingError, sqlstate="42830"):
    """Invalid foreign key."""


class InvalidName(ProgrammingError, sqlstate="42602"):
    """Invalid name."""


class NameTooLong(ProgrammingError, sqlstate="42622"):
    """Name too long."""


class ReservedName(ProgrammingError, sqlstate="42939"):
    """Reserved name."""


class DatatypeMismatch(ProgrammingError, sqlstate="42804"):
    """Datatype mismatch."""


class IndeterminateDatatype(ProgrammingError, sqlstate="42P18"):
    """Indeterminate datatype."""


class CollationMismatch(ProgrammingError, sqlstate="42P21"):
    """Collation mismatch."""


class IndeterminateCollation(ProgrammingError, sqlstate="42P22"):
    """Indeterminate collation."""


class WrongObjectType(ProgrammingError, sqlstate="42809"):
    """Wrong object type."""


class GeneratedAlways(ProgrammingError, sqlstate="428C9"):
    """Generated always."""


class UndefinedColumn(ProgrammingError, sqlstate="42703"):
    """Undefined column."""


class UndefinedFunction(ProgrammingError, sqlstate="42883"):
    """Undefined function."""


class UndefinedTable(ProgrammingError, sqlstate="42P01"):
    """Undefined table."""


class UndefinedParameter(ProgrammingError, sqlstate="42P02"):
    """Undefined parameter."""


class UndefinedObject(ProgrammingError, sqlstate="42704"):
    """Undefined object."""


class DuplicateColumn(ProgrammingError, sqlstate="42701"):
    """Duplicate column."""


class DuplicateCursor(ProgrammingError, sqlstate="42P03"):
    """Duplicate cursor."""


class DuplicateDatabase(ProgrammingError, sqlstate="42P04"):
    """Duplicate database."""


class DuplicateFunction(ProgrammingError, sqlstate="42723"):
    """Duplicate function."""


class DuplicatePreparedStatement(ProgrammingError, sqlstate="42P05"):
    """Duplicate prepared statement."""


class DuplicateSchema(ProgrammingError, sqlstate="42P06"):
    """Duplicate schema."""


class DuplicateTable(ProgrammingError, sqlstate="42P07"):
    """Duplicate table."""


class DuplicateAlias(ProgrammingError, sqlstate="42712"):
    """Duplicate alias."""


class DuplicateObject(ProgrammingError, sqlstate="42710"):
    """Duplicate object."""


class AmbiguousColumn(ProgrammingError, sqlstate="42702"):
    """Ambiguous column."""


class AmbiguousFunction(ProgrammingError, sqlstate="42725"):
    """Ambiguous function."""


class AmbiguousParameter(ProgrammingError, sqlstate="42P08"):
    """Ambiguous parameter."""


class AmbiguousAlias(ProgrammingError, sqlstate="42P09"):
    """Ambiguous alias."""


class InvalidColumnReference(ProgrammingError, sqlstate="42P10"):
    """Invalid column reference."""


class InvalidColumnDefinition(ProgrammingError, sqlstate="42611"):
    """Invalid column definition."""


class InvalidCursorDefinition(ProgrammingError, sqlstate="42P11"):
    """Invalid cursor definition."""


class InvalidDatabaseDefinition(ProgrammingError, sqlstate="42P12"):
    """Invalid database definition."""


class InvalidFunctionDefinition(ProgrammingError, sqlstate="42P13"):
    """Invalid function definition."""


class InvalidPreparedStatementDefinition(ProgrammingError, sqlstate="42P14"):
    """Invalid prepared statement definition."""


class InvalidSchemaDefinition(ProgrammingError, sqlstate="42P15"):
    """Invalid schema definition."""


class InvalidTableDefinition(ProgrammingError, sqlstate="42P16"):
    """Invalid table definition."""


class InvalidObjectDefinition(ProgrammingError, sqlstate="42P17"):
    """Invalid object definition."""


class WithCheckOptionViolation(ProgrammingError, sqlstate="44000"):
    """With check option violation."""


class InsufficientResources(OperationalError, sqlstate="53000"):
    """Insufficient resources."""


class DiskFull(OperationalError, sqlstate="53100"):
    """Disk full."""


class OutOfMemory(OperationalError, sqlstate="53200"):
    """Out of memory."""


class TooManyConnections(OperationalError, sqlstate="53300"):
    """Too many connections."""


class ConfigurationLimitExceeded(OperationalError, sqlstate="53400"):
    """Configuration limit exceeded."""


class ProgramLimitExceeded(OperationalError, sqlstate="54000"):
    """Program limit exceeded."""


class StatementTooComplex(OperationalError, sqlstate="54001"):
    """Statement too complex."""


class TooManyColumns(OperationalError, sqlstate="54011"):
    """Too many columns."""


class TooManyArguments(OperationalError, sqlstate="54023"):
    """Too many arguments."""


class ObjectNotInPrerequisiteState(OperationalError, sqlstate="55000"):
    """Object not in prerequisite state."""


class ObjectInUse(OperationalError, sqlstate="55006"):
    """Object in use."""


class CantChangeRuntimeParam(OperationalError, sqlstate="55P02"):
    """Cant change runtime param."""


class LockNotAvailable(OperationalError, sqlstate="55P03"):
    """Lock not available."""


class UnsafeNewEnumValueUsage(OperationalError, sqlstate="55P04"):
    """Unsafe new enum value usage."""


class OperatorIntervention(OperationalError, sqlstate="57000"):
    """Operator intervention."""


class QueryCanceled(OperationalError, sqlstate="57014"):
    """Query canceled."""


class AdminShutdown(OperationalError, sqlstate="57P01"):
    """Admin shutdown."""


class CrashShutdown(OperationalError, sqlstate="57P02"):
    """Crash shutdown."""


class CannotConnectNow(OperationalError, sqlstate="57P03"):
    """Cannot connect now."""


class DatabaseDropped(OperationalError, sqlstate="57P04"):
    """Database dropped."""


class IdleSessionTimeout(OperationalError, sqlstate="57P05"):
    """Idle session timeout."""


class SystemError(OperationalError, sqlstate="58000"):
    """System error."""


class IoError(OperationalError, sqlstate="58030"):
    """Io error."""


class UndefinedFile(OperationalError, sqlstate="58P01"):
    """Undefined file."""


class DuplicateFile(OperationalError, sqlstate="58P02"):
    """Duplicate file."""


class SnapshotTooOld(DatabaseError, sqlstate="72000"):
    """Snapshot too old."""


class ConfigFileError(OperationalError, sqlstate="F0000"):
    """Config file error."""


class LockFileExists(OperationalError, sqlstate="F0001"):
    """Lock file exists."""


class FdwError(OperationalError, sqlstate="HV000"):
    """Fdw error."""


class FdwColumnNameNotFound(OperationalError, sqlstate="HV005"):
    """Fdw column name not found."""


class FdwDynamicParameterValueNeeded(OperationalError, sqlstate="HV002"):
    """Fdw dynamic parameter value needed."""


class FdwFunctionSequenceError(OperationalError, sqlstate="HV010"):
    """Fdw function sequence error."""


class FdwInconsistentDescriptorInformation(OperationalError, sqlstate="HV021"):
    """Fdw inconsistent descriptor information."""


class FdwInvalidAttributeValue(OperationalError, sqlstate="HV024"):
    """Fdw invalid attribute value."""


class FdwInvalidColumnName(OperationalError, sqlstate="HV007"):
    """Fdw invalid column name."""


class FdwInvalidColumnNumber(OperationalError, sqlstate="HV008"):
    """Fdw invalid column number."""


class FdwInvalidDataType(OperationalError, sqlstate="HV004"):
    """Fdw invalid data type."""


class FdwInvalidDataTypeDescriptors(OperationalError, sqlstate="HV006"):
    """Fdw invalid data type descriptors."""


class FdwInvalidDescriptorFieldIdentifier(OperationalError, sqlstate="HV091"):
    """Fdw invalid descriptor field identifier."""


class FdwInvalidHandle(OperationalError, sqlstate="HV00B"):
    """Fdw invalid handle."""


class FdwInvalidOptionIndex(OperationalError, sqlstate="HV00C"):
    """Fdw invalid option index."""


class FdwInvalidOptionName(OperationalError, sqlstate="HV00D"):
    """Fdw invalid option name."""


class FdwInvalidStringLengthOrBufferLength(OperationalError, sqlstate="HV090"):
    """Fdw invalid string length or buffer length."""


class FdwInvalidStringFormat(OperationalError, sqlstate="HV00A"):
    """Fdw invalid string format."""


class FdwInvalidUseOfNullPointer(OperationalError, sqlstate="HV009"):
    """Fdw invalid use of null pointer."""


class FdwTooManyHandles(OperationalError, sqlstate="HV014"):
    """Fdw too many handles."""


class FdwOutOfMemory(OperationalError, sqlstate="HV001"):
    """Fdw out of memory."""


class FdwNoSchemas(OperationalError, sqlstate="HV00P"):
    """Fdw no schemas."""


class FdwOptionNameNotFound(OperationalError, sqlstate="HV00J"):
    """Fdw option name not found."""


class FdwReplyHandle(OperationalError, sqlstate="HV00K"):
    """Fdw reply handle."""


class FdwSchemaNotFound(OperationalError, sqlstate="HV00Q"):
    """Fdw schema not found."""


class FdwTableNotFound(OperationalError, sqlstate="HV00R"):
    """Fdw table not found."""


class FdwUnableToCreateExecution(OperationalError, sqlstate="HV00L"):
    """Fdw unable to create execution."""


class FdwUnableToCreateReply(OperationalError, sqlstate="HV00M"):
    """Fdw unable to create reply."""


class FdwUnableToEstablishConnection(OperationalError, sqlstate="HV00N"):
    """Fdw unable to establish connection."""


class PlpgsqlError(InternalError, sqlstate="P0000"):
    """Plpgsql error."""


class RaiseException(InternalError, sqlstate="P0001"):
    """Raise exception."""


class NoDataFound(InternalError, sqlstate="P0002"):
    """No data found."""


class TooManyRows(InternalError, sqlstate="P0003"):
    """Too many rows."""


class AssertFailure(InternalError, sqlstate="P0004"):
    """Assert failure."""


class InternalError_(InternalError, sqlstate="XX000"):
    """Internal error."""


class DataCorrupted(InternalError, sqlstate="XX001"):
    """Data corrupted."""


class IndexCorrupted(InternalError, sqlstate="XX002"):
    """Index corrupted."""
