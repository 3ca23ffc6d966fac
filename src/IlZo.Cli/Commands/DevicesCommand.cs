using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using IlZo.Backends.Cpu;
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
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("cpu", ProcessorName.Current);
                writer.WriteNumber("processors", Environment.ProcessorCount);
                writer.WriteNumber("vector_bits", bits);
                writer.WriteString("instructions", Instructions(bits));
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
            ("processors", $"{Environment.ProcessorCount}"),
            ("vectors", bits == 0 ? "none" : $"{bits} bits ({Instructions(bits)})"),
            .. EngineChoice.Explain(EngineTrial.Failure).Select(engine => ($"engine {engine.Name}", engine.Sentence)),
            .. gpus.Count == 0
                ? [("GPU", $"none: {reason}")]
                : gpus.Select(g => (g.Name, $"{g.Description}, {Format.Bytes(g.MemoryBytes)}, {g.Architecture}, products {g.Products}")),
        ]);
        return 0;
    }

    private static string Instructions(
        int bits) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "Advanced SIMD" : bits switch
        {
            512 => "AVX-512",
            256 => "AVX2",
            128 => "SSE",
            _ => "none",
        };
}
