using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Machine;

namespace IlZo.Training;

/// <summary>What a run was computed by, as <c>environment.json</c> has it; it decides nothing.</summary>
/// <param name="Ilzo">The version of the library.</param>
/// <param name="Runtime">The version of .NET.</param>
/// <param name="OperatingSystem">The operating system.</param>
/// <param name="Processor">The processor.</param>
/// <param name="Processors">Logical processors that the process may use.</param>
/// <param name="MemoryBytes">The memory that the process may use.</param>
internal sealed record RunEnvironment(
    string Ilzo, string Runtime, string OperatingSystem, string Processor, int Processors, long MemoryBytes)
{
    /// <summary>The environment of this process.</summary>
    public static RunEnvironment Current() => new(
        typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        RuntimeInformation.FrameworkDescription,
        $"{RuntimeInformation.OSDescription} ({RuntimeInformation.ProcessArchitecture})",
        ProcessorName.Current,
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <summary>Reads the file of a run; null where an earlier version left none.</summary>
    /// <exception cref="InvalidInputException">It is not as a run writes it.</exception>
    public static RunEnvironment? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(PlainFile.ReadAllBytes(path), RunEnvironmentJson.Default.RunEnvironment);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{path}: got other content; expected the environment of a run, or no such file.", e);
        }
    }

    /// <summary>Writes the file of a run, unless it is there.</summary>
    public void WriteTo(string path)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, RunEnvironmentJson.Default.RunEnvironment);
        if (!File.Exists(path) || !json.AsSpan().SequenceEqual(PlainFile.ReadAllBytes(path)))
        {
            AtomicFile.WriteAllBytes(path, json);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunEnvironment))]
internal sealed partial class RunEnvironmentJson : JsonSerializerContext;
