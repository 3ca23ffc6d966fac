using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json;
using IlZo.Backends.Cpu;
using IlZo.Benchmarks;
using IlZo.Cli.Gpu;
using IlZo.Machine;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo devices</c>.</summary>
internal static class DevicesCommand
{
    private static readonly Option<bool> s_json = Flags.Json();

    public static Command Create()
    {
        var command = new Command("devices", "Show what this machine offers.") { s_json };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        int bits = Vector512.IsHardwareAccelerated ? 512
            : Vector256.IsHardwareAccelerated ? 256
            : Vector128.IsHardwareAccelerated ? 128 : 0;
        var gpus = GpuSupport.Find(out string reason);
        var caches = MachineCaches.Current;
        var read = CacheBandwidth.Measure(caches);
        var blocks = CacheBlocks.Here(threads: null);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("cpu", ProcessorName.Current);
                writer.WriteNumber("processors", Environment.ProcessorCount);
                writer.WriteNumber("vector_bits", bits);
                writer.WriteString("instructions", Instructions(bits));
                WriteCaches(writer, caches, read);
                writer.WriteNumber("packed_bytes_per_thread", blocks.PackedBytes);
                writer.WriteStartObject("engines");
                foreach (var (name, sentence) in EngineChoice.Explain(EngineTrial.Failure))
                {
                    writer.WriteString(name, sentence);
                }

                writer.WriteEndObject();
                writer.WriteStartArray("gpus");
                foreach (var gpu in gpus)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", gpu.Name);
                    writer.WriteString("description", gpu.Description);
                    writer.WriteNumber("memory_bytes", gpu.MemoryBytes);
                    writer.WriteString("architecture", gpu.Architecture);
                    writer.WriteString("products", gpu.Products);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                if (gpus.Count == 0)
                {
                    writer.WriteString("no_gpu_because", reason);
                }
            });
            return 0;
        }

        Terminal.PrintTable(
        [
            ("CPU", ProcessorName.Current),
            ("processors", $"{Environment.ProcessorCount}{Cores(caches)}"),
            ("vectors", bits == 0 ? "none" : $"{bits} bits ({Instructions(bits)})"),
            ("caches", caches.Levels.Count == 0
                ? "unknown"
                : $"{string.Join(", ", caches.Levels.Select(Describe))} (says {caches.Source})"),
            ("read bandwidth", Format.Invariant($"{From("L2", read.Second)}{From("L3", read.Third)}memory {read.Memory:F0} GB/s a thread")),
            ("packed weights", $"{Format.Bytes(blocks.PackedBytes)} at a time for each of {Environment.ProcessorCount} threads"),
            .. EngineChoice.Explain(EngineTrial.Failure).Select(engine => ($"engine {engine.Name}", engine.Sentence)),
            .. gpus.Count == 0
                ? [("GPU", $"none: {reason}")]
                : gpus.Select(g => (g.Name, $"{g.Description}, {Format.Bytes(g.MemoryBytes)}, {g.Architecture}, products {g.Products}")),
        ]);
        return 0;
    }

    private static void WriteCaches(Utf8JsonWriter writer, MachineCaches caches, CacheBandwidth read)
    {
        if (caches.ThreadsPerCore is { } threads)
        {
            writer.WriteNumber("threads_per_core", threads);
        }

        writer.WriteStartArray("caches");
        foreach (var cache in caches.Levels)
        {
            writer.WriteStartObject();
            writer.WriteNumber("level", cache.Level);
            writer.WriteNumber("bytes", cache.Bytes);
            writer.WriteNumber("line_bytes", cache.LineBytes);
            if (cache.Sharers is { } sharers)
            {
                writer.WriteNumber("shared_by", sharers);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("read_gigabytes_per_second");
        foreach (var (name, rate) in ((string, double?)[])[("l2", read.Second), ("l3", read.Third), ("memory", read.Memory)])
        {
            if (rate is { } known)
            {
                writer.WriteNumber(name, known);
            }
        }

        writer.WriteEndObject();
    }

    private static string Cores(MachineCaches caches) => caches.ThreadsPerCore switch
    {
        null => "",
        1 => ", each a core of its own",
        var threads => $", {threads} hyper-threads a core",
    };

    private static string Describe(CacheLevel cache)
    {
        string shared = cache.Sharers switch
        {
            null => "",
            1 => " for each processor",
            var sharers => $" shared by {sharers} processors",
        };
        const int megabyte = 1 << 20;
        string size = cache.Bytes % megabyte == 0 ? $"{cache.Bytes / megabyte} MiB" : $"{cache.Bytes >> 10} KiB";
        return $"L{cache.Level} {size}{shared}";
    }

    private static string From(string cache, double? rate) => rate is { } known ? Format.Invariant($"{cache} {known:F0}, ") : "";

    private static string Instructions(
        int bits) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "Advanced SIMD" : bits switch
        {
            512 => "AVX-512",
            256 => "AVX2",
            128 => "SSE",
            _ => "none",
        };
}
