using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>A pass takes nothing from the garbage-collected heap that would grow with the model or the batch.</summary>
public sealed class AllocationTests
{
    // The pass and its guard (168), the array of each probe's log-probabilities of three targets (40 + 2 × 48), and a view of the positions
    // (32). A thread's first wait may take more, so the least of some passes counts.
    private const long PassBytes = 336;

    private static readonly GaussianDirection s_direction = new(new NoiseKey(3, NoiseStream.Direction, 1, 0));

    [Theory]
    [InlineData("opt-tiny", 1)]
    [InlineData("opt-tiny", 2)]
    [InlineData("opt-350m-style", 2)]
    [InlineData("llama-gqa", 1)]
    [InlineData("llama-gqa", 2)]
    [InlineData("gpt2-tiny", 2)]
    public void A_pass_of_two_probes_allocates_next_to_nothing_at_any_length(string folder, int threads) =>
        RequirePassBytes(folder, threads, Probe.Pair(s_direction, 1e-3), PassBytes);

    // And the engine that is asked whether it has derivatives (32).
    [Theory]
    [InlineData("opt-tiny", 1)]
    [InlineData("opt-350m-style", 2)]
    [InlineData("llama-gqa", 2)]
    [InlineData("gemma2-tiny", 2)]
    public void So_does_a_pass_of_values_and_tangents(string folder, int threads) =>
        RequirePassBytes(folder, threads, Probe.Derivative(s_direction), PassBytes + 32);

    private static void RequirePassBytes(string folder, int threads, Probe probe, long most)
    {
        using var fixture = new ForwardFixture(folder, threads);
        using var allocated = new AllocationCounter(fixture.Backend);
        Probe[] probes = [probe];
        foreach (int length in (int[])[5, 60])
        {
            var builder = new TokenBatchBuilder();
            for (int text = 0; text < 3; text++)
            {
                int beginning = builder.AddText([.. Enumerable.Range(0, length).Select(i => (i + text) % 50)]);
                builder.Read(builder.AddContinuation(beginning, [1, 2]), 1);
            }

            var batch = builder.Build();
            (int, int)[] targets = [(0, 4), (1, 5), (2, 6)];
            Pass();
            long least = long.MaxValue;
            for (int pass = 0; pass < 5; pass++)
            {
                long before = allocated.Read();
                Pass();
                least = Math.Min(least, allocated.Read() - before);
            }

            Assert.InRange(least, 0, most);

            void Pass()
            {
                var pass = fixture.Backend.Begin(batch, probes);
                pass.LogProbabilities(fixture.Model.Forward(pass), fixture.Model.Head, targets);
            }
        }
    }

    // The bytes that all threads of a backend have allocated so far, not those of tests that run at the same time. A thread that waits at
    // the barrier takes no second item.
    private sealed class AllocationCounter : IDisposable
    {
        private readonly CpuBackend _backend;
        private readonly Barrier _barrier;
        private readonly Action<int> _add;
        private long _sum;

        public AllocationCounter(CpuBackend backend)
        {
            _backend = backend;
            _barrier = new Barrier(backend.Threads);
            _add = _ =>
            {
                _barrier.SignalAndWait();
                Interlocked.Add(ref _sum, GC.GetAllocatedBytesForCurrentThread());
            };
        }

        public long Read()
        {
            _sum = 0;
            _backend.Parallel(_backend.Threads, _add);
            return _sum;
        }

        public void Dispose() => _barrier.Dispose();
    }
}
