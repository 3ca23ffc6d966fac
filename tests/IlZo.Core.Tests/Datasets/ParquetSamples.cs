using Parquet;
using Parquet.Schema;

namespace IlZo.Core.Tests.Datasets;

/// <summary>Small Parquet files.</summary>
internal static class ParquetSamples
{
    public const string ConversationsAsJson = """
        {"messages": [{"role": "user", "content": "Good?"}, {"role": "assistant", "content": "Yes\u2028ä"}], "id": 1}
        {"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B", "weight": 0}, {"role": "user", "content": "C"}, {"role": "assistant", "content": "D"}], "id": 2}
        {"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "E"}], "id": 3}
        """;

    /// <summary>The conversations of <see cref="ConversationsAsJson"/>, in two row groups.</summary>
    public static void WriteConversations(string path, CompressionMethod compression)
    {
        using var stream = File.Create(path);
        Write(stream, compression).GetAwaiter().GetResult();
    }

    private static async Task Write(Stream stream, CompressionMethod compression)
    {
        var role = new DataField<string>("role");
        var content = new DataField<string>("content");
        var weight = new DataField<int?>("weight");
        var id = new DataField<long>("id");
        var schema = new ParquetSchema(new ListField("messages", new StructField("element", role, content, weight)), id);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = compression });
        await Group(
            writer,
            ["user", "assistant", "user", "assistant", "user", "assistant"],
            ["Good?", "Yes\u2028ä", "A", "B", "C", "D"],
            [3],
            [0, 1, 0, 1, 1, 1],
            [1, 2]);
        await Group(writer, ["user", "assistant"], ["", "E"], [], [0, 1], [3]);

        async Task Group(ParquetWriter to, string[] roles, string[] contents, int[] weighted, int[] repetitions, long[] ids)
        {
            using var group = to.CreateRowGroup();
            int[] whole = [.. roles.Select(_ => role.MaxDefinitionLevel)];
            int[] weights = [.. roles.Select((_, i) => weighted.Contains(i) ? weight.MaxDefinitionLevel : weight.MaxDefinitionLevel - 1)];
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                role, roles.Select(r => r.AsMemory()).ToArray(), whole, repetitions, CancellationToken.None);
            await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
                content, contents.Select(c => c.AsMemory()).ToArray(), whole, repetitions, CancellationToken.None);
            await group.WriteAllPartsAsync<int>(weight, new int[weighted.Length], weights, repetitions, CancellationToken.None);
            await group.WriteAsync<long>(id, ids);
        }
    }
}
