using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace IlZo.Driver.Tests;

/// <summary>
/// Runs the command with a stand-in for NVIDIA's driver (stand-in/cuda.c), which a C compiler makes once; tests are skipped where there is
/// none.
/// </summary>
internal static class StandIn
{
    private static readonly string[] s_compilers = ["cc", "gcc", "clang"];
    private static readonly Lazy<string?> s_folder = new(Build);

    /// <summary>The folder that the stand-in is in.</summary>
    public static string Folder
    {
        get
        {
            Assert.SkipWhen(
                s_folder.Value is null, $"The stand-in driver needs Linux and a C compiler ({string.Join(", ", s_compilers)}).");
            return s_folder.Value!;
        }
    }

    /// <summary>Runs <c>ilzo</c>.</summary>
    /// <param name="settings">Settings of the stand-in, NAME=VALUE, without the beginning that all have.</param>
    /// <param name="args">The arguments.</param>
    public static Outcome Run(IEnumerable<string> settings, params string[] args) => Ilzo.Run(Command(settings, args));

    /// <summary>Runs <c>ilzo</c>, and returns how often each function of the driver was called.</summary>
    public static (Outcome Outcome, IReadOnlyDictionary<string, long> Calls) Count(params string[] args)
    {
        using var temp = new TempFolder();
        var outcome = Run([$"COUNTS={temp["counts"]}"], args);
        var lines = File.ReadLines(temp["counts"]).Select(l => l.Split(' '));
        return (outcome, lines.ToDictionary(l => l[0], l => long.Parse(l[1], CultureInfo.InvariantCulture)));
    }

    private static ProcessStartInfo Command(IEnumerable<string> settings, string[] args)
    {
        var command = Ilzo.Command(null, args);
        command.Environment["LD_LIBRARY_PATH"] = Folder;
        foreach (string setting in settings)
        {
            string[] parts = setting.Split('=', 2);
            command.Environment[parts[0].StartsWith("ILZO_", StringComparison.Ordinal) ? parts[0] : $"STAND_IN_{parts[0]}"] = parts[1];
        }

        return command;
    }

    private static string? Build()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "driver");
        Directory.CreateDirectory(folder);
        string source = Path.Combine(AppContext.BaseDirectory, "stand-in", "cuda.c");
        return OperatingSystem.IsLinux() && Array.Exists(s_compilers, c => Compiles(c, source, Path.Combine(folder, "libcuda.so.1")))
            ? folder
            : null;
    }

    private static bool Compiles(string compiler, string source, string library)
    {
        try
        {
            using var process = Process.Start(compiler, ["-std=c11", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source]);
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{compiler} does not compile {source}.");
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
