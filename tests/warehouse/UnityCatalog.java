package warehouse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.sql.catalyst.analysis.NamespaceAlreadyExistsException;
import org.apache.spark.sql.catalyst.analysis.NoSuchNamespaceException;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.catalyst.analysis.NoSuchViewException;
import org.apache.spark.sql.catalyst.analysis.NonEmptyNamespaceException;
import org.apache.spark.sql.catalyst.analysis.TableAlreadyExistsException;
import org.apache.spark.sql.catalyst.analysis.ViewAlreadyExistsException;
import org.apache.spark.sql.classic.SparkSession;
import org.apache.spark.sql.connector.catalog.*;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * One Unity Catalog catalog. Its schema `s` is `catalog__s` of spark_catalog, where Delta Lake keeps
 * the tables; its views are kept here. Spark makes one instance per session and catalog, so
 * the views belong to the class.
 */
public class UnityCatalog implements RelationCatalog, StagingTableCatalog, SupportsNamespaces {
  private static final String SEPARATOR = "__";
  private static final Map<List<String>, View> VIEWS = new ConcurrentHashMap<>();
  private String name;

  @Override public void initialize(String name, CaseInsensitiveStringMap options) { this.name = name; }
  @Override public String name() { return name; }
  @Override public String[] defaultNamespace() { return new String[] {"default"}; }
  @Override public Set<TableCatalogCapability> capabilities() { return tables().capabilities(); }

  private static CatalogPlugin delta() {
    return SparkSession.active().sessionState().catalogManager().catalog("spark_catalog");
  }
  private static StagingTableCatalog tables() { return (StagingTableCatalog) delta(); }
  private static SupportsNamespaces schemas() { return (SupportsNamespaces) delta(); }

  private static String lower(String text) { return text.toLowerCase(Locale.ROOT); }
  private String[] inDelta(String[] schema) {
    return new String[] {name + SEPARATOR + lower(String.join(".", schema))};
  }
  private Identifier inDelta(Identifier i) { return Identifier.of(inDelta(i.namespace()), i.name()); }
  private List<String> key(Identifier i) {
    return List.of(name, lower(String.join(".", i.namespace())), lower(i.name()));
  }
  private boolean holds(String[] schema, List<String> key) {
    return key.get(0).equals(name) && key.get(1).equals(lower(String.join(".", schema)));
  }
  /** Spark leaves the catalog in a table's new name. */
  private Identifier withoutCatalog(Identifier to) {
    String[] n = to.namespace();
    return n.length == 2 && n[0].equals(name) ? Identifier.of(new String[] {n[1]}, to.name()) : to;
  }
  private void refuseView(Identifier i) throws NoSuchTableException {
    if (viewExists(i)) throw new NoSuchTableException(i);
  }

  // What the information schema is made of

  public String[] schemaNames() throws NoSuchNamespaceException {
    return Arrays.stream(listNamespaces()).map(schema -> schema[0]).toArray(String[]::new);
  }
  public String schemaComment(String schema) throws NoSuchNamespaceException {
    return loadNamespaceMetadata(new String[] {schema}).get(SupportsNamespaces.PROP_COMMENT);
  }
  /** The names of a schema's tables and views. */
  public String[] relations(String schema) throws NoSuchNamespaceException {
    List<String> names = new ArrayList<>();
    for (Identifier i : listTables(new String[] {schema})) names.add(i.name());
    for (Identifier i : listViews(new String[] {schema})) names.add(i.name());
    return names.toArray(new String[0]);
  }
  /** TABLE, VIEW, or null for what does not exist. */
  public String kind(String schema, String relation) {
    Identifier i = Identifier.of(new String[] {schema}, relation);
    return viewExists(i) ? "VIEW" : tableExists(i) ? "TABLE" : null;
  }
  public String columnsAsJson(String schema, String relation) throws NoSuchTableException {
    Relation found = loadRelation(Identifier.of(new String[] {schema}, relation));
    return CatalogV2Util.v2ColumnsToStructType(found.columns()).json();
  }
  public String comment(String schema, String relation) throws NoSuchTableException {
    Relation found = loadRelation(Identifier.of(new String[] {schema}, relation));
    return found.properties().get(TableCatalog.PROP_COMMENT);
  }

  // Tables

  @Override public Relation loadRelation(Identifier i) throws NoSuchTableException {
    View view = VIEWS.get(key(i));
    return view != null ? view : tables().loadTable(inDelta(i));
  }
  @Override public Table loadTable(Identifier i) throws NoSuchTableException {
    refuseView(i);
    return tables().loadTable(inDelta(i));
  }
  @Override public Table loadTable(Identifier i, Set<TableWritePrivilege> writes) throws NoSuchTableException {
    refuseView(i);
    return tables().loadTable(inDelta(i), writes);
  }
  @Override public Table loadTable(Identifier i, String version) throws NoSuchTableException {
    return tables().loadTable(inDelta(i), version);
  }
  @Override public Table loadTable(Identifier i, long timestamp) throws NoSuchTableException {
    return tables().loadTable(inDelta(i), timestamp);
  }
  @Override public boolean tableExists(Identifier i) { return tables().tableExists(inDelta(i)); }
  @Override public void invalidateTable(Identifier i) { tables().invalidateTable(inDelta(i)); }
  @Override public Identifier[] listTables(String[] schema) throws NoSuchNamespaceException {
    return Arrays.stream(tables().listTables(inDelta(schema)))
        .filter(i -> i.namespace().length == 1) // the rest are temporary views
        .map(i -> Identifier.of(schema, i.name())).toArray(Identifier[]::new);
  }
  @Override public TableSummary[] listTableSummaries(String[] schema) throws NoSuchNamespaceException {
    return Arrays.stream(listTables(schema))
        .map(i -> TableSummary.of(i, TableSummary.MANAGED_TABLE_TYPE)).toArray(TableSummary[]::new);
  }
  @Override public boolean useNullableQuerySchema() { return tables().useNullableQuerySchema(); }

  // Delta clones by the older forms of createTable.
  @Override public Table createTable(Identifier i, StructType s, Transform[] p, Map<String, String> o)
      throws TableAlreadyExistsException, NoSuchNamespaceException {
    return tables().createTable(inDelta(i), s, p, o);
  }
  @Override public Table createTable(Identifier i, Column[] c, Transform[] p, Map<String, String> o)
      throws TableAlreadyExistsException, NoSuchNamespaceException {
    return tables().createTable(inDelta(i), c, p, o);
  }
  @Override public Table createTable(Identifier i, TableInfo t)
      throws TableAlreadyExistsException, NoSuchNamespaceException {
    return tables().createTable(inDelta(i), t);
  }
  @Override public StagedTable stageCreate(Identifier i, TableInfo t)
      throws TableAlreadyExistsException, NoSuchNamespaceException {
    return tables().stageCreate(inDelta(i), t);
  }
  @Override public StagedTable stageReplace(Identifier i, TableInfo t)
      throws NoSuchNamespaceException, NoSuchTableException {
    return tables().stageReplace(inDelta(i), t);
  }
  @Override public StagedTable stageCreateOrReplace(Identifier i, TableInfo t) throws NoSuchNamespaceException {
    return tables().stageCreateOrReplace(inDelta(i), t);
  }
  @Override public Table alterTable(Identifier i, TableChange... changes) throws NoSuchTableException {
    return tables().alterTable(inDelta(i), changes);
  }
  @Override public boolean dropTable(Identifier i) { return !viewExists(i) && tables().dropTable(inDelta(i)); }
  @Override public void renameTable(Identifier from, Identifier to)
      throws NoSuchTableException, TableAlreadyExistsException {
    tables().renameTable(inDelta(from), inDelta(withoutCatalog(to)));
  }

  // Views

  @Override public Identifier[] listViews(String[] schema) {
    return VIEWS.keySet().stream().filter(key -> holds(schema, key)).map(key -> key.get(2)).sorted()
        .map(view -> Identifier.of(schema, view)).toArray(Identifier[]::new);
  }
  @Override public View loadView(Identifier i) throws NoSuchViewException {
    View view = VIEWS.get(key(i));
    if (view == null) throw new NoSuchViewException(i);
    return view;
  }
  @Override public boolean viewExists(Identifier i) { return VIEWS.containsKey(key(i)); }
  @Override public View createView(Identifier i, View view)
      throws ViewAlreadyExistsException, NoSuchNamespaceException {
    if (!namespaceExists(i.namespace())) throw new NoSuchNamespaceException(i.namespace());
    if (tableExists(i) || VIEWS.putIfAbsent(key(i), view) != null) throw new ViewAlreadyExistsException(i);
    return view;
  }
  @Override public View replaceView(Identifier i, View view) throws NoSuchViewException {
    if (VIEWS.replace(key(i), view) == null) throw new NoSuchViewException(i);
    return view;
  }
  @Override public boolean dropView(Identifier i) { return VIEWS.remove(key(i)) != null; }
  @Override public void renameView(Identifier from, Identifier to)
      throws NoSuchViewException, ViewAlreadyExistsException {
    if (VIEWS.putIfAbsent(key(withoutCatalog(to)), loadView(from)) != null) throw new ViewAlreadyExistsException(to);
    dropView(from);
  }

  // Schemas

  @Override public String[][] listNamespaces() throws NoSuchNamespaceException {
    String prefix = name + SEPARATOR;
    return Arrays.stream(schemas().listNamespaces()).map(schema -> schema[0])
        .filter(schema -> schema.startsWith(prefix))
        .map(schema -> new String[] {schema.substring(prefix.length())}).toArray(String[][]::new);
  }
  @Override public String[][] listNamespaces(String[] parent) throws NoSuchNamespaceException {
    return parent.length == 0 ? listNamespaces() : new String[0][];
  }
  @Override public boolean namespaceExists(String[] schema) {
    return schema.length == 1 && schemas().namespaceExists(inDelta(schema));
  }
  @Override public Map<String, String> loadNamespaceMetadata(String[] schema) throws NoSuchNamespaceException {
    if (schema.length != 1) throw new NoSuchNamespaceException(schema);
    return schemas().loadNamespaceMetadata(inDelta(schema));
  }
  @Override public void createNamespace(String[] schema, Map<String, String> metadata)
      throws NamespaceAlreadyExistsException {
    if (schema.length != 1)
      throw new IllegalArgumentException(
          "[NO_SUCH_CATALOG_EXCEPTION] Catalog '" + schema[0] + "' was not found. SQLSTATE: 42704");
    if (namespaceExists(schema)) throw new NamespaceAlreadyExistsException(schema);
    schemas().createNamespace(inDelta(schema), metadata);
  }
  @Override public void alterNamespace(String[] schema, NamespaceChange... changes) throws NoSuchNamespaceException {
    schemas().alterNamespace(inDelta(schema), changes);
  }
  @Override public boolean dropNamespace(String[] schema, boolean cascade)
      throws NoSuchNamespaceException, NonEmptyNamespaceException {
    if (!cascade && listViews(schema).length > 0) throw new NonEmptyNamespaceException(schema);
    VIEWS.keySet().removeIf(key -> holds(schema, key));
    return schemas().dropNamespace(inDelta(schema), cascade);
  }
}
