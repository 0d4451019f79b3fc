CREATE TABLE IF NOT EXISTS transactions (
    transaction_id VARCHAR(255) PRIMARY KEY,
    user_id VARCHAR(255),
    timestamp TIMESTAMP,
    amount DECIMAL,
    currency VARCHAR(255),
    city VARCHAR(255),
    country VARCHAR(255),
    merchant_name VARCHAR(255),
    payment_method VARCHAR(255),
    ip_address VARCHAR(255),
    voucher_code VARCHAR(255),
    affiliateId VARCHAR(255)
);

INSERT INTO transactions(transaction_id, user_id, timestamp, amount, currency, city, country,
                         merchant_name, payment_method, ip_address, voucher_code, affiliateId)
VALUES ('9cd1ac20-7a42-4a0f-8f30-1d4b1c3a6f01', 'simmonsmichael', '2024-01-15T10:30:00'::timestamp, 103.5, 'USD',
        'Port Jeffrey', 'Saint Lucia', 'Hall, Diaz and Cruz', 'credit_card', '192.168.11.7', '', '6f0a2d9e-02ce-4a2e-8c0e-5b2a1f7d9c11');
