using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using IlZo.Generation;
using IlZo.Inference;

namespace IlZo.Server.Tests;

/// <summary>Many streams at a time, of which some are cut. Nothing else runs in the process, so that its memory is theirs.</summary>
[Collection(nameof(Alone))]
public sealed class StreamTests(ITestOutputHelper output)
{
    private const int Streams = 64;

    [Fact]
    public async Task Of_64_streams_with_random_disconnects_nothing_is_lost_and_memory_stays_flat()
    {
        string[] alone = await AloneAsync();
        await using var server = await TestServer.StartAsync();

        // Pools keep what the most streams at a time took, of which a wave may have more than those before it. What a stream left behind
        // would be more with every wave.
        const int kept = 256;
        long growth = long.MaxValue;
        long before = 0;
        for (int wave = 0; wave < 12 && growth > Streams * kept; wave++)
        {
            await WaveAsync(server, alone, wave);
            long after = GC.GetTotalMemory(forceFullCollection: true);
            growth = wave < 3 ? long.MaxValue : after - before;
            before = after;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{after / 1e6:F3} MB managed, {Environment.WorkingSet / 1e6:F0} MB resident"));
        }

        Assert.InRange(growth, long.MinValue, Streams * kept);
    }

    private async Task WaveAsync(TestServer server, string[] alone, int seed)
    {
        var random = new Random(seed);
        int?[] cuts = [.. Enumerable.Range(0, Streams).Select(_ => random.Next(2) == 0 ? (int?)random.Next(0, 12) : null)];
        long start = Stopwatch.GetTimestamp();
        string[] texts = await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => Task.Run(() => ReadAsync(server, i, cuts[i]))));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; i < Streams; i++)
        {
            if (cuts[i] is null)
            {
                Assert.Equal(alone[i], texts[i]);
            }
            else
            {
                Assert.StartsWith(texts[i], alone[i], StringComparison.Ordinal);
            }
        }

        await server.IdleAsync();
        Assert.Equal((0, 0), (server.Models.Generator.Growing, server.Models.Generator.Waiting));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Streams} streams, {cuts.Count(c => c is not null)} of them cut: {texts.Sum(t => t.Length)} characters in {seconds:F2} s, "
                + $"the {cuts.Count(c => c is null)} others whole and as alone"));
    }

    private static async Task<string> ReadAsync(TestServer server, int i, int? cut)
    {
        string text = string.Empty;
        int pieces = 0;
        var options = Options(i);
        var body = new JsonObject
        {
            ["model"] = TestServer.Name,
            ["prompt"] = Prompt(i),
            ["max_tokens"] = options.MaxNewTokens,
            ["temperature"] = options.Temperature,
            ["seed"] = i,
            ["stream"] = true,
        };
        await foreach (string piece in EventReader.EventsAsync(server.Client, "/v1/completions", body))
        {
            if (pieces++ == cut || piece == EventReader.Done)
            {
                return text;
            }

            text += (string)JsonNode.Parse(piece)!["choices"]![0]!["text"]!;
        }

        Assert.Fail("A stream ended without its last event.");
        return text;
    }

    private static async Task<string[]> AloneAsync()
    {
        using var model = TextModel.Load(TestServer.Folder, new TextModelOptions { Threads = 1 });
        string[] alone = new string[Streams];
        for (int i = 0; i < Streams; i++)
        {
            alone[i] = string.Empty;
            await foreach (string piece in model.GenerateAsync(Prompt(i), Options(i)))
            {
                alone[i] += piece;
            }
        }

        return alone;
    }

    private static string Prompt(int i) => $"{((string[])["Once upon a time", "Lily", "One day, Tom", "The dog said"])[i % 4]} and {i / 8}";

    private static GenerationOptions Options(int i) => new()
    {
        MaxNewTokens = 8 + (7 * i % 32),
        Temperature = i % 3 == 0 ? 0 : 1.1,
        Seed = (ulong)i,
    };
}

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
