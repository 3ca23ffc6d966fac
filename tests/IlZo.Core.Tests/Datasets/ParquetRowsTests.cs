using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Core.Tests.Tokenization;
using IlZo.Datasets;
using IlZo.Tokenization.ChatTemplates;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Records of Parquet files: of other writers, and conversations.</summary>
public sealed class ParquetRowsTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    // Null columns and members are absent.
    [Fact]
    public void Lists_of_another_writer_are_read() => Assert.Equal(
        [
            """{"int64_list":[1,2,3],"utf8_list":["abc","efg","hij"]}""",
            """{"int64_list":[null,1]}""",
            """{"int64_list":[4],"utf8_list":["efg",null,"hij","xyz"]}""",
        ],
        Rows(TestData.Path("parquet", "list_columns.parquet")));

    [Fact]
    public void Structures_maps_and_lists_of_lists_of_another_writer_are_read()
    {
        var rows = Rows(TestData.Path("parquet", "nullable.impala.parquet"));
        Assert.Equal(7, rows.Length);
        Assert.Equal(
            """{"id":1,"int_array":[1,2,3],"int_array_Array":[[1,2],[3,4]],"int_map":{"k1":1,"k2":100},"int_Map_Array":[{"k1":1}],"nested_struct":{"A":1,"b":[1],"C":{"d":[[{"E":10,"F":"aaa"},{"E":-10,"F":"bbb"}],[{"E":11,"F":"c"}]]},"g":{"foo":{"H":{"i":[1.1]}}}}}""",
            rows[0]);
        Assert.Equal(
            """{"id":2,"int_array":[null,1,2,null,3,null],"int_array_Array":[[null,1,2,null],[3,null,4],[],null],"int_map":{"k1":2},"int_Map_Array":[{"k1":1},null,{}],"nested_struct":{"b":[null],"C":{"d":[[{},{"E":10},{},{"E":-10},{}],[{"E":11},null],[],null]},"g":{"g1":{"H":{"i":[2.2,null]}},"g2":{"H":{"i":[]}},"g4":{"H":{}},"g5":{}}}}""".Replace("{\"E\":10}", "{\"E\":10,\"F\":\"aaa\"}", StringComparison.Ordinal).Replace("{\"E\":-10}", "{\"E\":-10,\"F\":\"bbb\"}", StringComparison.Ordinal).Replace("{\"E\":11}", "{\"E\":11,\"F\":\"c\"}", StringComparison.Ordinal),
            rows[1]);
        Assert.Equal("""{"id":3,"int_array":[],"int_array_Array":[null],"int_map":{},"int_Map_Array":[null,null],"nested_struct":{"C":{"d":[]},"g":{}}}""", rows[2]);
        Assert.Equal("""{"id":4,"int_array_Array":[],"int_map":{},"int_Map_Array":[],"nested_struct":{"C":{}}}""", rows[3]);
        Assert.Equal("""{"id":6}""", rows[5]);
    }

    [Theory]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.None)]
    public void Conversations_become_the_same_examples_as_in_JSON(CompressionMethod compression)
    {
        ParquetSamples.WriteConversations(_temp["rows.parquet"], compression);
        File.WriteAllText(_temp["rows.jsonl"], ParquetSamples.ConversationsAsJson);
        var (parquet, json) = (Load("rows.parquet"), Load("rows.jsonl"));
        Assert.Equal(json.Test.Select(e => e.CorrectCandidate.Tokens), parquet.Test.Select(e => e.CorrectCandidate.Tokens));
        Assert.Equal(
            json.Test.Select(e => e.CorrectCandidate.Option.ToArray()), parquet.Test.Select(e => e.CorrectCandidate.Option.ToArray()));
        Assert.Equal(["unused columns: id (3 of 3 rows)"], parquet.Notes);
        Assert.Contains($"{_temp["rows.parquet"]} (row 3)", parquet.Test.Select(e => e.Where));
    }

    [Fact]
    public void A_file_that_is_cut_or_changed_is_refused()
    {
        ParquetSamples.WriteConversations(_temp["rows.parquet"], CompressionMethod.Snappy);
        byte[] whole = File.ReadAllBytes(_temp["rows.parquet"]);
        foreach (int length in (int[])[0, 4, 11, whole.Length / 2, whole.Length - 1])
        {
            File.WriteAllBytes(_temp["rows.parquet"], whole[..length]);
            Assert.Contains(
                "rows.parquet: cannot be read as Parquet",
                Assert.Throws<InvalidInputException>(() => Load("rows.parquet")).Message,
                StringComparison.Ordinal);
        }
    }

    private UserData Load(string name) => UserData.LoadTest(
        new UserDataOptions(_temp[name], 512, 512, 0),
        IlZo.Tokenization.TokenizerLoader.Load(TestTokenizers.Reviews),
        () => ChatTemplate.Parse("template", "{%- for m in messages %}{{- '[' + m.role + ']' + m.content + '[end]' }}{%- endfor %}{%- if "
            + "add_generation_prompt %}{{- '[assistant]' }}{%- endif %}"));

    private static string[] Rows(string path)
    {
        using var source = RowSource.Open(path);
        var rows = new List<string>();
        while (source.Next() is { } row)
        {
            rows.Add(new JsonObject(row.Names.Select(n => KeyValuePair.Create(n, Json(row.Peek(n))))).ToJsonString());
        }

        return [.. rows];
    }

    private static JsonNode? Json(object? value) => value switch
    {
        List<object?> list => new JsonArray([.. list.Select(Json)]),
        OrderedDictionary<string, object?> map => new JsonObject(map.Select(m => KeyValuePair.Create(m.Key, Json(m.Value)))),
        null => null,
        _ => JsonSerializer.SerializeToNode(value),
    };
}
