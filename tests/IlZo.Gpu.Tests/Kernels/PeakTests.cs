using IlZo.Kernels;
using IlZo.Noise;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests.Kernels;

/// <summary>The kernels of benchmarks do the work that they are timed for.</summary>
public sealed class PeakTests : IDisposable
{
    private const int Groups = 3;
    private const int Threads = 2;

    private readonly TestDevice _device = new();
    private readonly MemoryBuffer _sums;

    public PeakTests() => _sums = _device.Accelerator.AllocateRaw(Groups * Threads * sizeof(float), 1);

    private ArrayView<float> Sums => new(_sums, 0, Groups * Threads);

    public void Dispose()
    {
        _sums.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Every_number_is_read_once()
    {
        // The numbers 1 to 192: twice what the threads read at a time.
        float[] numbers = [.. Enumerable.Range(1, 2 * 4 * 4 * Groups * Threads).Select(i => (float)i)];
        using var buffer = _device.Accelerator.AllocateRaw(numbers.Length * sizeof(float), 1);
        _device.Backend.Stream.Write<float>(numbers, new ArrayView<float>(buffer, 0, numbers.Length));
        float[] sums = Run(
            Peaks.Read, new ReadArguments { Source = new ArrayView<FourFloats>(buffer, 0, numbers.Length / 4), Sums = Sums });
        Assert.Equal(192 * 193 / 2, sums.Sum());
    }

    [Theory]
    [InlineData(0, 21)]
    [InlineData(2, 16)]
    public void Chains_of_multiply_adds_go_to_their_limit(int rounds, float sum)
    {
        // v ← v/2 + 1 goes to 2; the eight chains begin with 0 to 6 and the thread's number.
        float[] sums = Run(Peaks.MultiplyAdd, new MultiplyAddArguments { Rounds = rounds, Factor = 0.5f, Addend = 1, Sums = Sums });
        for (int i = 0; i < sums.Length; i++)
        {
            Near.Equal(sum + (rounds == 0 ? i % Threads : 0), sums[i], 1e-3);
        }
    }

    [Fact]
    public void A_round_has_as_many_multiply_adds_as_are_counted()
    {
        // v ← v + 1 counts the links of the chains, whose numbers begin with a sum of 21 and the thread's number.
        float[] sums = Run(Peaks.MultiplyAdd, new MultiplyAddArguments { Rounds = 5, Factor = 1, Addend = 1, Sums = Sums });
        Assert.Equal(21 + (5 * Peaks.MultiplyAddsOfRound), sums[0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_round_has_as_many_multiply_adds_of_tensor_cores_as_are_counted(int rounds)
    {
        // C ← C + A·B with ones adds the 16 inner indices to each of a thread's 8 · 4 numbers, which begin with a sum of 21 and the
        // thread's number.
        using var device = TensorDevice.Create();
        const int count = Groups * 32;
        using var buffer = device.Accelerator.AllocateRaw(count * sizeof(float), 1);
        var sums = new ArrayView<float>(buffer, 0, count);
        device.Backend.Launcher.Launch(
            Peaks.TensorMultiplyAdd, new Index3D(Groups, 1, 1), 32, 0,
            new TensorMultiplyAddArguments { Rounds = rounds, Factor = 0x3F803F80, Sums = sums });
        float[] read = new float[count];
        device.Backend.Stream.Read(sums, read);
        Assert.Equal([.. Enumerable.Range(0, count).Select(i => 21f + (i % 32) + (rounds * Peaks.TensorMultiplyAddsOfRound))], read);
    }

    [Fact]
    public void Noise_is_summed_over_all_blocks()
    {
        const int blocks = 40;
        var key = new NoiseKey(3, NoiseStream.Direction, 2, 1);
        var arguments = new NoiseArguments<SignDirection>
        {
            Term = new Term(new NoiseSource(key, 7, 1), 1, 0),
            Blocks = blocks,
            Sums = Sums,
        };
        double expected = 0;
        for (int i = 0; i < blocks * NoiseWords.Count; i++)
        {
            expected += (NoiseField.Bits(key, 7, i / NoiseField.Group, i % NoiseField.Group) & 0x8000) == 0 ? 1 : -1;
        }

        Assert.Equal(expected, Run(Peaks.Noise<SignDirection>, arguments).Sum(v => (double)v));
    }

    private float[] Run<T>(Action<T> kernel, T arguments)
        where T : struct
    {
        var stream = _device.Accelerator.DefaultStream;
        var config = new KernelConfig(new Index3D(Groups, 1, 1), new Index3D(Threads, 1, 1), SharedMemoryConfig.Empty);
        _device.Accelerator.LoadKernel(kernel)(stream, config, arguments);
        float[] sums = new float[Sums.Length];
        _device.Backend.Stream.Read(Sums, sums);
        return sums;
    }
}
