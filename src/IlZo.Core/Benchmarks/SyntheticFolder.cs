using System.Runtime.InteropServices;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>A synthetic checkpoint in a folder of its own, which is deleted with the object, or when a signal ends the process.</summary>
internal sealed class SyntheticFolder : IDisposable
{
    private readonly PosixSignalRegistration[] _signals;

    /// <summary>Writes a checkpoint.</summary>
    /// <param name="shape">A shape of <see cref="SyntheticCheckpoint"/>.</param>
    /// <param name="outline">Whether the numbers of matrices are left out; see <see cref="SyntheticCheckpoint.WriteOutline"/>.</param>
    /// <param name="blocks">What matrices are stored in; null for fp16.</param>
    /// <exception cref="InvalidInputException">There is no such shape.</exception>
    public SyntheticFolder(string shape, bool outline = false, DType? blocks = null)
    {
        Deviation = SyntheticShape.Of(shape).Deviation;
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, _ => Delete()))];
        Path = Directory.CreateTempSubdirectory("ilzo-synthetic-").FullName;
        try
        {
            if (outline)
            {
                SyntheticCheckpoint.WriteOutline(shape, Path, blocks);
            }
            else
            {
                SyntheticCheckpoint.Write(shape, Path, blocks);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The standard deviation of the matrices, written or left out.</summary>
    public float Deviation { get; }

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        Delete();
    }

    private void Delete()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
