namespace IlZo.Backends.Cpu;

/// <summary>
/// The body of a loop that a <see cref="WorkerPool"/> shares out. A structure, so that an operation starts its loop without allocating.
/// </summary>
internal interface IWork
{
    /// <summary>Does one item.</summary>
    /// <param name="item">Its number.</param>
    /// <param name="worker">The number of the worker that does it.</param>
    void Do(int item, int worker);
}
