using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>Loops over functions, as tests like to write them.</summary>
internal static class WorkerPoolActions
{
    public static void Run(this WorkerPool pool, int items, Action<int, int> body) => pool.Run(items, new ActionWork(body));

    private readonly struct ActionWork(Action<int, int> body) : IWork
    {
        public void Do(int item, int worker) => body(item, worker);
    }
}
