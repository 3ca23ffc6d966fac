namespace IlZo.Clusters;

/// <summary>
/// What the workers of a run have in common: a log that all of them append to in one order, and messages that reach whoever is there.
/// The log decides; messages may be lost, and cost time then.
/// </summary>
/// <remarks>A worker has a channel of its own, which one thread uses at a time.</remarks>
public interface IRunChannel : IDisposable
{
    /// <summary>Entries in the log, as far as this worker knows. It falls where the log has lost its end.</summary>
    long Length { get; }

    /// <summary>An entry of the log.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="cancellation">Ends the wait for an answer.</param>
    /// <returns>Null where the log has no such entry yet.</returns>
    byte[]? Entry(long index, CancellationToken cancellation = default);

    /// <summary>
    /// Appends an entry if the log has just this many, and waits until it is kept, however long the log cannot be reached.
    /// </summary>
    /// <param name="index">The number that the entry is to have.</param>
    /// <param name="entry">Its bytes.</param>
    /// <param name="cancellation">Ends the wait for an answer.</param>
    /// <returns>False where the log has another length. After an answer that was lost, the entry there may be this one.</returns>
    bool Append(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellation = default);

    /// <summary>Sends a message to all workers that are there now, at most once, and does not wait for them.</summary>
    /// <param name="message">Its bytes.</param>
    void Send(ReadOnlyMemory<byte> message);

    /// <summary>Waits for a message of another worker, or until the log has another length than this.</summary>
    /// <param name="length">The length that the worker knows.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The message; null where the log has changed, or nothing has come in time.</returns>
    byte[]? Receive(long length, TimeSpan timeout, CancellationToken cancellation = default);
}
